"""Format a change as one line of text, for the chat formats of the webhook.

Values from Azure are untrusted text. This module removes invisible characters and line breaks;
each format then escapes its own markup.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from cmk_check.core.aspects import ASPECTS
from cmk_check.core.enums import ChangeType, KeySeverity, MessageType, Reason
from cmk_check.core.model import Change
from cmk_check.core.reasons.catalogue import VERDICT_REASONS
from cmk_check.core.text import as_object
from cmk_check.limits import (
    MAX_CHAT_BROKEN_KEYS_CHARS,
    MAX_CHAT_KEY_CODES,
    MAX_CHAT_KEY_SENTENCE_CHARS,
    MAX_CHAT_LINK_CHARS,
    MAX_CHAT_REASON_CHARS,
    MAX_CHAT_VALUE_CHARS,
)

# A word joiner, which is invisible and keeps services from turning the text into a link.
_JOINER: Final = "\u2060"
_TITLES: Final[Mapping[str, str]] = {
    MessageType.DIGEST: "Digest",
    **{kind: title for aspect in ASPECTS for kind, title in aspect.changes.items()},
    ChangeType.ACCOUNT_DISCOVERED: "New account encrypted with a customer-managed key",
    ChangeType.ACCOUNT_VIOLATED: "Account not encrypted with a customer-managed key",
    ChangeType.ACCOUNT_UNVERIFIABLE: "Account cannot be judged",
    ChangeType.ACCOUNT_RESOLVED: "Account now encrypted with a customer-managed key",
    ChangeType.ACCOUNT_UPDATED: "Account changed, same verdict",
    ChangeType.ACCOUNT_KIND_CHANGED: "Account kind changed",
    ChangeType.ACCOUNT_REMOVED: "Account no longer monitored",
    ChangeType.COVERAGE_LOST: "Subscription cannot be read",
    ChangeType.COVERAGE_REGAINED: "Subscription can be read again",
    ChangeType.COVERAGE_REMOVED: "Subscription no longer monitored",
    ChangeType.SCAN_FAILED: "Scan failed",
    ChangeType.SCAN_ABANDONED: "Scan abandoned",
    ChangeType.SCAN_RECOVERED: "Scanning works again",
    ChangeType.SCAN_BASELINE: "First scan finished",
}
_DATES: Final = {"since": "since", "due by": "dueAt"}
_SUMS: Final = {"broken": "broken", "atRisk": "at risk", "unknown": "unknown", "healthy": "healthy"}


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A change as a line: a fixed title, its time, its details, and (name, URL) links."""

    change_id: str
    title: str
    time: str
    details: str
    links: tuple[tuple[str, str], ...]


def format_change(change: Change, portal_url: str) -> ChatLine:
    """Return a change as a line; ``portal_url`` is the origin of the Azure portal."""
    data = change.data
    title = _TITLES[change.type]
    if data.get("test") is True:
        title = f"TEST, not a real change: {title}"
    later = as_object(data.get("overtakenBy"))
    if later:
        title = f"Out of date: {title}"
    since = _TITLES.get(to_line(later.get("type")))
    what_holds = f"since then: {since} ({to_line(later.get('time'))})" if since else ""
    if isinstance(texts := data.get("text"), list):  # a digest
        parts = [to_line(text, MAX_CHAT_KEY_SENTENCE_CHARS) for text in texts]
    else:
        parts = [what_holds, _describe_subject(change), *_state(change), _owner(data), _sums(data)]
    if change.type is ChangeType.SCAN_BASELINE:
        parts.append(_format_key_sums(data))
    return ChatLine(
        change.id,
        title,
        f"{change.time:%Y-%m-%d %H:%M:%S} UTC",
        "; ".join(part for part in parts if part),
        _links(change, portal_url),
    )


def to_line(value: object, longest: int = MAX_CHAT_VALUE_CHARS) -> str:
    """Return a value as one short line of visible characters without links."""
    if not isinstance(value, str | int):
        return ""
    cut = str(value)[: 4 * longest]  # first, because a value may have 64 KB
    # Unicode categories C and Z are invisible, break lines or change the direction of text.
    seen = (" " if unicodedata.category(char)[0] in "CZ" else char for char in cut)
    text = " ".join("".join(seen).split())
    if len(text) > longest:
        text = text[: longest - 1] + "\u2026"
    return re.sub(r"(?=://)", _JOINER, text)


def _last(arm_id: object) -> str:
    return to_line(arm_id.rpartition("/")[2]) if isinstance(arm_id, str) else ""


def _objects(value: object) -> list[dict[str, object]]:
    """Return the objects of a list, because the feed may contain changes of a newer version."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _describe_subject(change: Change) -> str:
    """Return the account and the subscription, or the scan."""
    id_ = to_line(change.source.rpartition("/")[2])
    if not change.source.startswith("/subscriptions/"):
        return f"scan {id_}"
    subscription_name = to_line(change.data.get("subscriptionName"))
    subscription = f"{subscription_name} ({id_})" if subscription_name else id_
    if not (name := to_line(change.data.get("name"))):
        return f"subscription {subscription}"
    kind = to_line(change.data.get("kind")) or "no kind"
    return f"{name} ({kind}) in {subscription}"


def _state(change: Change) -> list[str]:
    """Return the new state of the aspect that changed, or else of the verdict.

    For exceptions and due dates, the dates are more important than the state.
    """
    data = change.data
    before, after = (as_object(data.get(side)) for side in ("before", "after"))
    if exception := as_object(data.get("exception")):
        return [_exception(exception, to_line(data.get("ended")))]
    if change.type is ChangeType.ACCOUNT_OVERDUE:
        health = to_line(after.get("keyHealth"))
        now = f"key {health}" if health else to_line(after.get("verdict"))
        dates = (f"{name} {to_line(data.get(key))}" for name, key in _DATES.items())
        return [f"{now} {', '.join(dates)}"]
    if name := next((each.name for each in ASPECTS if change.type in each.changes), None):
        # A state that was not read before is new.
        was, now = to_line(before.get(name)), to_line(after.get(name))
        key = as_object(data.get("key"))
        state = f"{was or 'new'} -> {now}" if now else ""
        return [state, _trouble(key, before.get("keyReasons")), _key(key)]
    if change.type is ChangeType.ACCOUNT_KIND_CHANGED:
        kinds = " -> ".join(to_line(side.get("kind")) for side in (before, after))
        return [f"kind {kinds}", _why(data)]
    was, now = (to_line(side.get("verdict") or side.get("coverage")) for side in (before, after))
    if removed := to_line(data.get("removed")):
        now = f"removed ({removed})"
    return [f"{was or 'new'} -> {now}" if was or now else "", _why(data)]


def _exception(exception: Mapping[str, object], ended: str) -> str:
    """Return the exemption's category and name, and its expiry or why it ended."""
    name = to_line(exception.get("displayName")) or _last(exception.get("id"))
    what = f"{to_line(exception.get('category')) or 'Exemption'} {name}".rstrip()
    until = to_line(exception.get("expiresOn"))
    return f"{what}, ended: {ended}" if ended else f"{what}, until {until}"


def _trouble(state: Mapping[str, object], known_reasons: object) -> str:
    """Return the message of the worst reason, new ones first, and the codes of the others."""
    codes_before = known_reasons if isinstance(known_reasons, list) else []
    listed = _objects(state.get("reasons"))
    reasons = [each for each in listed if each.get("severity") != KeySeverity.NOTICE]
    if not reasons:
        return ""
    # False sorts first, and sorting is stable.
    first, *others = sorted(reasons, key=lambda reason: reason.get("code") in codes_before)
    message = to_line(first.get("message"), MAX_CHAT_KEY_SENTENCE_CHARS).removesuffix(".")
    codes = ", ".join(to_line(reason.get("code")) for reason in others[:MAX_CHAT_KEY_CODES])
    return f"{message}; also {codes}" if codes else message


def _key(state: Mapping[str, object]) -> str:
    names = {name: _last(state.get(f"{name}Id")) for name in ("key", "vault")}
    return " in ".join(f"{name} {text}" for name, text in names.items() if text)


def _why(data: Mapping[str, object]) -> str:
    after = data.get("after")
    if not isinstance(after, Mapping):
        return to_line(data.get("reason"), MAX_CHAT_REASON_CHARS)
    reason, action = to_line(after.get("reason")), to_line(after.get("missingAction"))
    if reason in VERDICT_REASONS:
        return VERDICT_REASONS[Reason(reason)].text().removesuffix(".")
    return f"{reason}, missing {action}" if action else reason


def _owner(data: Mapping[str, object]) -> str:
    owners = (as_object(data.get(name)) for name in ("owner", "previousOwner"))
    value, before = (to_line(owner.get("value")) for owner in owners)
    if "previousOwner" in data:
        return f"owner: {value or 'none'}, before: {before or 'none'}"
    return f"owner: {value}" if value else ""


def _sums(data: Mapping[str, object]) -> str:
    """Return the counts of accounts, and how many subscriptions are missing from the counts.

    "0 of 0" would not be good news.
    """
    accounts, subscriptions = as_object(data.get("accounts")), as_object(data.get("subscriptions"))
    if not accounts:
        return ""
    counts = (to_line(accounts.get(key)) for key in ("total", "nonCompliant", "unknown"))
    total, bad, unknown = counts
    listed = to_line(subscriptions.get("total"))
    text = (
        f"{bad} of {total} accounts are not encrypted with a customer-managed key, {unknown} "
        "could not be judged"
        if accounts.get("total")
        else f"nothing to judge: {to_line(subscriptions.get('read'))} of {listed} subscriptions "
        "read, without an account of a kind in scope"
    )
    if not (gaps := subscriptions.get("gap")):
        return text
    return f"{text}; {to_line(gaps)} of {listed} subscriptions could not be read"


def _format_key_sums(data: Mapping[str, object]) -> str:
    """Return the first scan's counts of keys, if the scan read them."""
    sums = as_object(data.get("keys"))
    counts = ", ".join(f"{to_line(sums.get(key))} {word}" for key, word in _SUMS.items())
    broken = _broken_keys(data.get("brokenKeys"), sums.get("broken"))
    return f"keys of compliant accounts: {counts}{broken}" if sums else ""


def _broken_keys(keys: object, count: object) -> str:
    """Return the names of broken keys' accounts, as many as fit, and how many more there are."""
    names: list[str] = []
    for key in _objects(keys):
        if not isinstance(reasons := key.get("reasons"), list):
            continue
        codes = ", ".join(to_line(code) for code in reasons[:MAX_CHAT_KEY_CODES])
        name = f"{_last(key.get('accountId'))} ({codes})"
        if sum(map(len, names)) + len(name) > MAX_CHAT_BROKEN_KEYS_CHARS:
            break
        names.append(name)
    if not names:
        return ""
    more = count - len(names) if isinstance(count, int) else 0
    return f"; broken: {', '.join(names)}" + (f" and {more} more" if more > 0 else "")


def _links(change: Change, portal_url: str) -> tuple[tuple[str, str], ...]:
    links = [("Finding", change.data.get("findingUrl")), ("Status", change.data.get("statusUrl"))]
    if change.subject.startswith("/subscriptions/"):
        links.append(("Portal", f"{portal_url}/#resource{quote(change.subject)}"))
    return tuple((name, url) for name, value in links if (url := _url(value)))


def _url(value: object) -> str:
    """Return an https URL that is safe in any markup, or ""."""
    if not isinstance(value, str) or not value.startswith("https://"):
        return ""
    url = quote(value, safe="%/:#?=&-._~", errors="replace")
    return url if len(url) <= MAX_CHAT_LINK_CHARS else ""
