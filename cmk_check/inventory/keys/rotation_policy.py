"""Calculate from a key's ARM document when its rotation policy will create the next version.

Sources: Key Vault's pages "Configure cryptographic key auto-rotation" (8 May 2025) and "Configure
key autorotation in Azure Key Vault Managed HSM" (28 April 2026), and KeyRotationPolicy in the REST
API of keys. Vaults and Managed HSMs use the same policy format, and a policy applies to the newest
version of a key.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from isodate import parse_duration

from cmk_check.core.keys.facts import Key, KeyVersion
from cmk_check.core.text import as_object, lower_ascii, require_all
from cmk_check.limits import LEAST_KEY_LIFETIME, LEAST_ROTATION_TIME, MAX_WORD_BYTES


def add_rotation(key: Key, document: object) -> Key:
    """Add to a key the time when its policy replaces the latest version; never raise an exception.

    ``rotation_due_at`` and ``next_rotation_at`` are unknown if no policy rotates the key, or if a
    relevant part of the policy has an undocumented format. If the policy was set or changed after
    the rotation was due, the next rotation is expected no earlier than that change. A change of the
    policy does not alter ``rotation_due_at``.
    """
    policy = as_object(as_object(as_object(document).get("properties")).get("rotationPolicy"))
    due = _due(policy, key.latest)
    if due is None:
        return key
    try:
        updated = int(str(as_object(policy.get("attributes")).get("updated") or 0))
        expected = max(due, datetime.fromtimestamp(updated, UTC))
    except (ArithmeticError, OSError, ValueError):
        return key
    return replace(key, rotation_due_at=due, next_rotation_at=expected)


def _due(policy: Mapping[str, object], newest: KeyVersion) -> datetime | None:
    attributes, actions = as_object(policy.get("attributes")), policy.get("lifetimeActions")
    if newest.created is None or newest.malformed or not isinstance(actions, list):
        return None
    lifetime = attributes.get("expiryTime") or None
    if lifetime is not None and _move_time(newest.created, lifetime, LEAST_KEY_LIFETIME) is None:
        return None
    expires = newest.expires if lifetime is not None else None
    rotating = (action for action in actions if _get_type(action) != "notify")
    times = require_all(_get_time(action, newest.created, expires) for action in rotating)
    return min(times) if times else None


def _get_type(action: object) -> str | None:
    """Return the lower-cased type of a policy's action."""
    value = as_object(as_object(action).get("action")).get("type")
    return lower_ascii(value) if isinstance(value, str) else None


def _get_time(action: object, created: datetime, expires: datetime | None) -> datetime | None:
    """Return when an action rotates a key; ``expires`` is None if key or policy has no expiry.

    ``timeBeforeExpiry`` needs an expiry of key and policy. Templates leave unused triggers empty.
    """
    trigger = as_object(as_object(action).get("trigger"))
    after, before = (trigger.get(name) or None for name in ("timeAfterCreate", "timeBeforeExpiry"))
    if _get_type(action) != "rotate" or (after is None) is (before is None):
        return None
    if before is None:
        return _move_time(created, after, LEAST_ROTATION_TIME)
    time = expires and _move_time(expires, before, LEAST_ROTATION_TIME, back=True)
    return time if time is not None and time > created else None


def _move_time(
    time: datetime, duration: object, least: timedelta, *, back: bool = False
) -> datetime | None:
    """Move a time by an ISO 8601 ``duration``; return None if it is shorter than ``least``.

    Months and years follow the calendar; a day that does not exist becomes the month's last day.
    """
    if not isinstance(duration, str) or len(duration) > MAX_WORD_BYTES:
        return None
    try:
        length = parse_duration(duration)
        moved: datetime = time - length if back else time + length
    except (ArithmeticError, ValueError):
        return None
    return moved if (time - moved if back else moved - time) >= least else None
