"""The health of a key as types, as findings hold it, and how its concerns are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from cmk_check.core.enums import KeyReason, KeyRotation, KeySeverity, KeyState
from cmk_check.core.reasons import key_sentences as sentences
from cmk_check.core.reasons.catalogue import KEY_REASONS
from cmk_check.core.reasons.key_sentences import key_severity
from cmk_check.core.text import clean_text
from cmk_check.core.unread import Unread
from cmk_check.limits import MAX_KEY_SENTENCE_BYTES

_NOT_SEEN: Final = "notSeen"
_SEPARATOR: Final = ", "


@dataclass(frozen=True, slots=True)
class KeyConcern:
    """One reason of key health: its code, how bad it is, and a sentence for a person.

    ``message`` says what follows from it and what to do. ``evidence`` holds what it rests on, texts
    under camelCase names. ``missing_action`` is the permission that reading lacked.
    """

    code: KeyReason
    severity: KeySeverity
    message: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    missing_action: str | None = None


@dataclass(frozen=True, slots=True)
class KeyHealth:
    """Whether the key behind a compliant account can be used, and will stay so.

    Ids are ARM ids, lower-cased, None where they are not known; those of a vault or key that is
    gone or could not be read stay.
    """

    state: KeyState
    concerns: tuple[KeyConcern, ...] = ()
    """The worst first."""
    rotation: KeyRotation | None = None
    expires: datetime | None = None
    """When the version in use does; None for never or not known."""
    vault_id: str | None = None
    key_id: str | None = None
    key_version: str | None = None
    """The version in use."""
    principal_id: str | None = None
    """The object id of the identity that uses it."""
    next_rotation_at: datetime | None = field(default=None, kw_only=True)
    """When its policy makes the next version, also where the account does not follow it."""


@dataclass(frozen=True, slots=True)
class BrokenKey:
    """A compliant account whose key is broken, as the report of the first scan names it.

    ``account_id`` is its ARM id, lower-cased; ``reasons`` say why the key cannot be used, the worst
    first.
    """

    account_id: str
    reasons: tuple[KeyReason, ...] = ()


@dataclass(frozen=True, slots=True)
class Unseen:
    """A part that could not be seen: its name, the same in every scan, and what to do.

    ``facts`` are further evidence, texts that stay the same while Azure's answers do.
    """

    part: str
    sentence: str
    missing_action: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


def concern(code: KeyReason, evidence: Mapping[str, object]) -> KeyConcern:
    """Make the concern of a reason; evidence that is None is left out."""
    texts = {name: _written(value) for name, value in evidence.items() if value is not None}
    return KeyConcern(code, key_severity(code), KEY_REASONS[code].text(), texts)


def unread(part: str, title: str, fact: Unread | None) -> Unseen:
    """Make the part of what could not be read; None stands for what nobody tried to read."""
    if fact is None:
        return Unseen(part, sentences.not_read(title))
    detail = fact.gap.detail or sentences.without_detail(fact.gap.reason)
    return Unseen(part, f"{title}: {detail}", fact.gap.missing_action)


def cannot_read(parts: Sequence[Unseen]) -> KeyConcern:
    """Make the one concern of all that could not be seen.

    What varies from scan to scan while nothing changes stands in the message, never in the
    evidence: there it would be taken for a change.
    """
    actions = list(dict.fromkeys(each.missing_action for each in parts if each.missing_action))
    evidence: dict[str, object] = {
        _NOT_SEEN: _SEPARATOR.join(dict.fromkeys(each.part for each in parts)),
        "missingActions": ", ".join(actions) if len(actions) > 1 else None,
    }
    for each in parts:
        evidence |= each.facts
    unread = concern(KeyReason.CANNOT_READ, evidence)
    said = (clean_text(each.sentence, MAX_KEY_SENTENCE_BYTES) or "" for each in parts)
    message = " ".join((unread.message, *said))
    return replace(unread, message=message, missing_action=actions[0] if actions else None)


def unseen_parts(health: KeyHealth) -> set[str]:
    """Return the parts that could not be seen, by their names."""
    texts = (concern.evidence.get(_NOT_SEEN, "") for concern in health.concerns)
    return {part for text in texts if text for part in text.split(_SEPARATOR)}


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return clean_text(str(value)) or ""
