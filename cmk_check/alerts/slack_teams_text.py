"""A change as one line of text, shared by the chat formats of the webhook.

Values from Azure are untrusted text. This module removes invisible characters and line breaks;
each format then escapes its own markup.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from cmk_check.alerts.plain_text import plain
from cmk_check.alerts.slack_teams_data_text import data_places, data_sums
from cmk_check.alerts.slack_teams_exception_text import exception_text
from cmk_check.alerts.slack_teams_key_text import key_place, key_sums, trouble
from cmk_check.core.aspects import ASPECTS
from cmk_check.core.enums import ChangeType, PolicyState, Reason
from cmk_check.core.model import Change
from cmk_check.core.reasons.verdict_sentences import VERDICT_REASONS
from cmk_check.core.text import as_object
from cmk_check.limits import MAX_CHAT_LINK_CHARS, MAX_CHAT_REASON_CHARS

_TITLES: Final[Mapping[str, str]] = {
    **{kind: title for aspect in ASPECTS for kind, title in aspect.changes.items()},
    ChangeType.ACCOUNT_DISCOVERED: "New account under a customer-managed key",
    ChangeType.ACCOUNT_VIOLATED: "Account not under a customer-managed key",
    ChangeType.ACCOUNT_UNVERIFIABLE: "Account cannot be judged",
    ChangeType.ACCOUNT_RESOLVED: "Account now under a customer-managed key",
    ChangeType.ACCOUNT_UPDATED: "Account changed, same verdict",
    ChangeType.ACCOUNT_KIND_CHANGED: "Account is of another kind",
    ChangeType.ACCOUNT_REMOVED: "Account no longer monitored",
    ChangeType.COVERAGE_LOST: "Subscription cannot be read",
    ChangeType.COVERAGE_REGAINED: "Subscription is read again",
    ChangeType.COVERAGE_REMOVED: "Subscription no longer monitored",
    ChangeType.SCAN_FAILED: "Scan failed",
    ChangeType.SCAN_ABANDONED: "Scan abandoned",
    ChangeType.SCAN_RECOVERED: "Scanning works again",
    ChangeType.SCAN_BASELINE: "First scan finished",
}
# By the type of a change: the field of its two sides, that of what is judged, and where that is.
_ASPECTS: Final[Mapping[str, tuple[str, str, Callable[[Mapping[str, object]], str]]]] = {
    "key": ("keyHealth", "key", key_place),
    "data": ("dataStores", "dataStores", data_places),
}


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One change: a fixed title, when it happened, its details, and (name, URL) links."""

    change_id: str
    title: str
    time: str
    details: str
    links: tuple[tuple[str, str], ...]


def line_of(change: Change, portal_url: str) -> ChatLine:
    """Return a change as a line; ``portal_url`` is the origin of the Azure portal."""
    data = change.data
    title = _TITLES[change.type]
    if data.get("test") is True:
        title = f"TEST, not a real change: {title}"
    later = as_object(data.get("overtakenBy"))
    if later:
        title = f"Out of date: {title}"
    exception = data.get("exception")
    if isinstance(exception, Mapping):
        state = [exception_text(data, exception)]
    elif aspect := _ASPECTS.get(change.type.split(".")[1]):
        field, subject, place = aspect
        judged = as_object(data.get(subject))
        state = [_new_state(data, field), trouble(data, judged), place(judged)]
    elif change.type is ChangeType.ACCOUNT_KIND_CHANGED:
        state = [_new_kind(data), _why(data)]
    else:
        state = [_transition(data), _why(data)]
    parts = [_since_then(later), _what(change), *state, _owner(data), _sums(data), key_sums(data)]
    if change.type is ChangeType.SCAN_BASELINE:
        parts.append(data_sums(data))
    return ChatLine(
        change.id,
        title,
        f"{change.time:%Y-%m-%d %H:%M:%S} UTC",
        "; ".join(part for part in parts if part),
        _links(change, portal_url),
    )


def _since_then(later: Mapping[str, object]) -> str:
    """Return what a later change says, and when it happened; nothing if there is none."""
    title = _TITLES.get(plain(later.get("type")))
    return f"since then: {title} ({plain(later.get('time'))})" if title else ""


def _what(change: Change) -> str:
    """Return the account and the subscription, or the scan."""
    subscription_id = plain(change.source.rpartition("/")[2])
    if not change.source.startswith("/subscriptions/"):
        return f"scan {subscription_id}"
    named = plain(change.data.get("subscriptionName"))
    subscription = f"{named} ({subscription_id})" if named else subscription_id
    if not (name := plain(change.data.get("name"))):
        return f"subscription {subscription}"
    kind = plain(change.data.get("kind")) or "no kind"
    return f"{name} ({kind}) in {subscription}"


def _transition(data: Mapping[str, object]) -> str:
    before, after = (_side(data.get(name)) for name in ("before", "after"))
    if removed := plain(data.get("removed")):
        after = f"removed ({removed})"
    return f"{before or 'new'} -> {after}" if before or after else ""


def _new_state(data: Mapping[str, object], field: str) -> str:
    """Return the state before and after; what was not looked at before is new."""
    before, after = (plain(as_object(data.get(side)).get(field)) for side in ("before", "after"))
    return f"{before or 'new'} -> {after}" if after else ""


def _new_kind(data: Mapping[str, object]) -> str:
    """Return both kinds, and whether Azure's built-in policy has lost or gained the account."""
    before, after = (as_object(data.get(name)) for name in ("before", "after"))
    kinds = f"kind {plain(before.get('kind'))} -> {plain(after.get('kind'))}"
    had, has = (side.get("azurePolicy") == PolicyState.NOT_ASSESSED for side in (before, after))
    if had == has:
        return kinds
    policy = "no longer assesses it" if has else "assesses it now"
    return f"{kinds}; Azure's built-in policy {policy} by default"


def _side(side: object) -> str:
    if not isinstance(side, Mapping):
        return ""
    return plain(side.get("verdict") or side.get("coverage"))


def _why(data: Mapping[str, object]) -> str:
    after = data.get("after")
    if not isinstance(after, Mapping):
        return plain(data.get("reason"), MAX_CHAT_REASON_CHARS)
    reason, action = plain(after.get("reason")), plain(after.get("missingAction"))
    if reason in VERDICT_REASONS:
        return VERDICT_REASONS[Reason(reason)].text().removesuffix(".")
    return f"{reason}, missing {action}" if action else reason


def _owner(data: Mapping[str, object]) -> str:
    value, before = (_owner_in(data.get(name)) for name in ("owner", "previousOwner"))
    if "previousOwner" in data:
        return f"owner: {value or 'nobody'}, before: {before or 'nobody'}"
    return f"owner: {value}" if value else ""


def _owner_in(owner: object) -> str:
    return plain(owner.get("value")) if isinstance(owner, Mapping) else ""


def _sums(data: Mapping[str, object]) -> str:
    sums = data.get("accounts")
    if not isinstance(sums, Mapping):
        return ""
    total, bad, unknown = (plain(sums.get(key)) for key in ("total", "nonCompliant", "unknown"))
    return (
        f"{bad} of {total} accounts are not under a customer-managed key, {unknown} could not be "
        f"judged{_unread(data)}"
    )


def _unread(data: Mapping[str, object]) -> str:
    """Return how many subscriptions are missing from the counts: "0 of 0" is not good news."""
    sums = data.get("subscriptions")
    if not isinstance(sums, Mapping) or not sums.get("gap"):
        return ""
    return f"; {plain(sums['gap'])} of {plain(sums.get('total'))} subscriptions could not be read"


def _links(change: Change, portal_url: str) -> tuple[tuple[str, str], ...]:
    links = [
        ("Finding", change.data.get("findingUrl")),
        ("Status", change.data.get("statusUrl")),
    ]
    if change.subject.startswith("/subscriptions/"):
        links.append(("Portal", f"{portal_url}/#resource{quote(change.subject)}"))
    return tuple((name, url) for name, value in links if (url := _url(value)))


def _url(value: object) -> str:
    """Return an https URL that is safe in any markup, or ""."""
    if not isinstance(value, str) or not value.startswith("https://"):
        return ""
    url = quote(value, safe="%/:#?=&-._~", errors="replace")
    return url if len(url) <= MAX_CHAT_LINK_CHARS else ""
