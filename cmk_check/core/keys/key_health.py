"""Key health as stored in a finding, and functions that build the concerns about a key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from cmk_check.core.enums import KeyReason, KeyRotation, KeySeverity, KeyState
from cmk_check.core.reasons import key_sentences as sentences
from cmk_check.core.reasons.catalogue import KEY_REASONS
from cmk_check.core.reasons.key_sentences import key_severity
from cmk_check.core.text import clean_text, write_time
from cmk_check.core.unread import Unread
from cmk_check.limits import MAX_KEY_SENTENCE_BYTES

_NOT_SEEN: Final = "notSeen"
_SEPARATOR: Final = ", "


@dataclass(frozen=True, slots=True)
class KeyConcern:
    """One reason for a key's health: a code, a severity, and a message for people.

    ``message`` explains the reason and what to do. ``evidence`` contains the facts behind the
    reason as strings, with camelCase names. ``missing_action`` is the permission that the app
    lacked to read a fact.
    """

    code: KeyReason
    severity: KeySeverity
    message: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    missing_action: str | None = None


@dataclass(frozen=True, slots=True)
class KeyHealth:
    """The key health of a compliant account: whether the key is usable and will remain usable.

    Each id is a lower-cased ARM id, or None if unknown. The id of a vault or key is present even if
    the vault or key was deleted or could not be read.
    """

    state: KeyState
    concerns: tuple[KeyConcern, ...] = ()
    """The reasons for the health, worst first."""
    rotation: KeyRotation | None = None
    expires: datetime | None = None
    """When the version in use expires; None if it never expires or if the expiry is not known."""
    vault_id: str | None = None
    key_id: str | None = None
    key_version: str | None = None
    """The version in use."""
    principal_id: str | None = None
    """The object id of the identity that uses the key."""
    next_rotation_at: datetime | None = field(default=None, kw_only=True)
    """When the key's policy creates the next version, even if the account pins a version."""


@dataclass(frozen=True, slots=True)
class BrokenKey:
    """A compliant account with a broken key, as named in the change that reports the first scan.

    ``account_id`` is a lower-cased ARM id. ``reasons`` say why the key is unusable, worst first.
    """

    account_id: str
    reasons: tuple[KeyReason, ...] = ()


@dataclass(frozen=True, slots=True)
class Unseen:
    """The name of a part that could not be read, which is the same in every scan, and what to do.

    ``facts`` are further evidence: strings that stay the same while Azure's responses do.
    """

    part: str
    sentence: str
    missing_action: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def concern(code: KeyReason, evidence: Mapping[str, object]) -> KeyConcern:
    """Build the concern for a reason, leaving out ``evidence`` that is None."""
    texts = {name: _format_value(value) for name, value in evidence.items() if value is not None}
    return KeyConcern(code, key_severity(code), KEY_REASONS[code].text(), texts)


def unread(part: str, title: str, fact: Unread | None) -> Unseen:
    """Describe a part that could not be read; ``fact`` is None if the part was never requested."""
    if fact is None:
        return Unseen(part, sentences.not_read(title))
    detail = fact.gap.detail or sentences.without_detail(fact.gap.reason)
    return Unseen(part, f"{title}: {detail}", fact.gap.missing_action)


def cannot_read(parts: Sequence[Unseen]) -> KeyConcern:
    """Build one concern for all parts that could not be read.

    Text that varies between scans belongs to the message and not to the evidence, because new
    evidence counts as a change.
    """
    actions = list(dict.fromkeys(part.missing_action for part in parts if part.missing_action))
    evidence: dict[str, object] = {
        _NOT_SEEN: _SEPARATOR.join(dict.fromkeys(part.part for part in parts)),
        "missingActions": ", ".join(actions) if len(actions) > 1 else None,
    }
    for part in parts:
        evidence |= part.facts
    unread = concern(KeyReason.CANNOT_READ, evidence)
    sentences = (clean_text(part.sentence, MAX_KEY_SENTENCE_BYTES) or "" for part in parts)
    message = " ".join((unread.message, *sentences))
    return replace(unread, message=message, missing_action=actions[0] if actions else None)


def unseen_parts(health: KeyHealth) -> set[str]:
    """Return the names of the parts that a key's ``health`` lists as unread."""
    texts = (concern.evidence.get(_NOT_SEEN, "") for concern in health.concerns)
    return {part for text in texts if text for part in text.split(_SEPARATOR)}


def _format_value(value: object) -> str:
    return write_time(value) if isinstance(value, datetime) else clean_text(str(value)) or ""
