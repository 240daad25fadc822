"""The health of a key as types, as findings hold it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.enums import KeyReason, KeyRotation, KeySeverity, KeyState


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
