"""The parts of a chat line about keys: the problem, the vault, counts."""

from collections.abc import Iterable, Mapping
from typing import Final

from cmk_check.alerts.plain_text import plain
from cmk_check.core.enums import KeySeverity, ReasonSeverity
from cmk_check.limits import (
    MAX_CHAT_BROKEN_KEYS_CHARS,
    MAX_CHAT_KEY_CODES,
    MAX_CHAT_KEY_SENTENCE_CHARS,
)

_CHANGE_NOTHING: Final = {KeySeverity.NOTICE, ReasonSeverity.INFO}


def trouble(data: Mapping[str, object], judged: Mapping[str, object]) -> str:
    """Return the message of a new reason, or else of the worst, and the codes of the others."""
    before = data.get("before")
    codes_before = before.get("keyReasons") if isinstance(before, Mapping) else None
    known = codes_before if isinstance(codes_before, list) else []
    reasons = list(_reasons(judged.get("reasons")))
    if not reasons:
        return ""
    # False sorts first, and sorting is stable.
    first, *others = sorted(reasons, key=lambda reason: reason.get("code") in known)
    message = plain(first.get("message"), MAX_CHAT_KEY_SENTENCE_CHARS).removesuffix(".")
    codes = ", ".join(plain(reason.get("code")) for reason in others[:MAX_CHAT_KEY_CODES])
    return f"{message}; also {codes}" if codes else message


def key_place(key: Mapping[str, object]) -> str:
    """Return the names of the key and its vault."""
    named = {name: plain(_last(key.get(f"{name}Id"))) for name in ("key", "vault")}
    return " in ".join(f"{name} {text}" for name, text in named.items() if text)


def key_sums(data: Mapping[str, object]) -> str:
    """Return the counts of keys that the first scan found, and the names of the broken ones."""
    sums = data.get("keys")
    if not isinstance(sums, Mapping):
        return ""
    states = {"broken": "broken", "atRisk": "at risk", "unknown": "unknown", "healthy": "healthy"}
    counts = ", ".join(f"{plain(sums.get(key))} {word}" for key, word in states.items())
    return f"keys of compliant accounts: {counts}{_broken(data.get('brokenKeys'), sums)}"


def _broken(keys: object, sums: Mapping[str, object]) -> str:
    """Return the names of broken keys' accounts, as many as fit, and how many more there are."""
    names: list[str] = []
    for key in keys if isinstance(keys, list) else ():
        if not isinstance(key, Mapping) or not isinstance(reasons := key.get("reasons"), list):
            continue
        codes = ", ".join(plain(code) for code in reasons[:MAX_CHAT_KEY_CODES])
        name = f"{plain(_last(key.get('accountId')))} ({codes})"
        if sum(map(len, names)) + len(name) > MAX_CHAT_BROKEN_KEYS_CHARS:
            break
        names.append(name)
    if not names:
        return ""
    count = sums.get("broken")
    more = count - len(names) if isinstance(count, int) else 0
    return f"; broken: {', '.join(names)}" + (f" and {more} more" if more > 0 else "")


def _reasons(reasons: object) -> Iterable[Mapping[str, object]]:
    """Return the reasons without those that change nothing."""
    for reason in reasons if isinstance(reasons, list) else ():
        if isinstance(reason, Mapping) and reason.get("severity") not in _CHANGE_NOTHING:
            yield reason


def _last(arm_id: object) -> str | None:
    return arm_id.rpartition("/")[2] if isinstance(arm_id, str) else None
