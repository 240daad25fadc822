"""What the line of a change says of a key: how it was and is, what is wrong, and where it lies."""

from collections.abc import Iterable, Mapping

from cmk_check.alerts.plain_text import plain
from cmk_check.core.enums import KeySeverity
from cmk_check.limits import MAX_CHAT_KEY_CODES, MAX_CHAT_KEY_SENTENCE_CHARS


def key_transition(data: Mapping[str, object]) -> str:
    """Say how the key was and how it is; one that was not looked at before is new."""
    before, after = (_health(data.get(side)) for side in ("before", "after"))
    return f"{before or 'new'} -> {after}" if after else ""


def key_trouble(data: Mapping[str, object], key: Mapping[str, object]) -> str:
    """Say what is wrong: what is new in it first, or else the worst; the others by their codes."""
    before = data.get("before")
    had = before.get("keyReasons") if isinstance(before, Mapping) else None
    known = had if isinstance(had, list) else []
    reasons = list(_reasons(key.get("reasons")))
    if not reasons:
        return ""
    # False sorts first, and what is alike stays in its order.
    first, *others = sorted(reasons, key=lambda reason: reason.get("code") in known)
    message = plain(first.get("message"), MAX_CHAT_KEY_SENTENCE_CHARS).rstrip(".")
    codes = ", ".join(plain(reason.get("code")) for reason in others[:MAX_CHAT_KEY_CODES])
    return f"{message}; also {codes}" if codes else message


def key_place(key: Mapping[str, object]) -> str:
    """Name the key and its vault, by the last part of their ids."""
    named = {name: plain(_last(key.get(f"{name}Id"))) for name in ("key", "vault")}
    return " in ".join(f"{name} {text}" for name, text in named.items() if text)


def _health(side: object) -> str:
    return plain(side.get("keyHealth")) if isinstance(side, Mapping) else ""


def _reasons(reasons: object) -> Iterable[Mapping[str, object]]:
    """Return those that are reasons; a notice is none."""
    for reason in reasons if isinstance(reasons, list) else ():
        if isinstance(reason, Mapping) and reason.get("severity") != KeySeverity.NOTICE:
            yield reason


def _last(arm_id: object) -> str | None:
    return arm_id.rpartition("/")[2] if isinstance(arm_id, str) else None
