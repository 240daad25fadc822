"""Find problems with the key version that an account uses."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.facts import Key, KeyFacts, KeyVersion, Vault
from cmk_check.core.keys.key_health import KeyConcern, Unseen, concern, unread
from cmk_check.core.reasons import key_sentences as sentences
from cmk_check.core.text import lower_ascii
from cmk_check.core.unread import Absent
from cmk_check.limits import (
    KEY_EXPIRY_NOTICE,
    KEY_ROTATION_GRACE,
    LEAST_ROTATION_TIME,
    SHORT_KEY_NOTICE_SHARE,
)

_SMALLEST: Final = 2048
_RSA: Final = {"rsa", "rsa-hsm"}
_OPERATIONS: Final = ("wrapKey", "unwrapKey")

_KEY: Final = "key"
_VERSIONS: Final = "keyVersions"
_UNCLEAR: Final = Unseen(_VERSIONS, sentences.KEY_VERSIONS)

type InUse = tuple[KeyVersion | None, tuple[KeyConcern | Unseen, ...]]
"""The version that an account uses, or None if unknown, and its problems."""


def get_pinned_version(account: Account) -> str | None:
    """Return the key version that an account pins, or None if it follows the newest version.

    An account follows the newest version of its key if ``key_version`` is omitted or empty.
    """
    return (account.key_version or "").strip() or None


def find_version_in_use(account: Account, facts: KeyFacts, now: datetime) -> InUse:
    """Return the key version that an account uses, if known, and the problems with it."""
    key = facts.key
    # If the vault was deleted or could not be read, its own concern covers the key. If the
    # account's settings are malformed, the version in use is not known.
    if isinstance(facts.vault, Absent) or account.malformed_key is not None:
        return None, ()
    if isinstance(key, Absent):
        return None, (_build_not_found(account, key.id),)
    if not isinstance(key, Key):
        return None, (unread(_KEY, "Key", key),) if isinstance(facts.vault, Vault) else ()
    used, concerns = _find_used_version(account, key, now)
    return used, (*concerns, *_check_rotation(key, now))


def _find_used_version(account: Account, key: Key, now: datetime) -> InUse:
    pinned = get_pinned_version(account)
    if pinned is None:
        is_replaced = _rotates_in_time(key, now)
        return key.latest, tuple(_check_version(key.latest, key.id, now, is_replaced=is_replaced))
    if not isinstance(key.versions, tuple):
        missing = unread(_VERSIONS, "Versions of the key", key.versions)
        if fold_version(key.latest.version) != fold_version(pinned):
            return None, (missing,)
        return key.latest, (*_check_version(key.latest, key.id, now), missing)
    return _find_pinned_version(account, key, key.versions, now)


def _find_pinned_version(
    account: Account, key: Key, listed: Sequence[KeyVersion], now: datetime
) -> InUse:
    pinned, latest = fold_version(get_pinned_version(account)), _name(key.latest)
    # Either the list of versions or the key itself may be out of date.
    versions = listed if latest in map(_name, listed) else (*listed, key.latest)
    version = next((each for each in versions if _name(each) == pinned), None)
    if version is None:
        is_unclear = any(each.version is None for each in versions)
        return None, (_UNCLEAR if is_unclear else _build_not_found(account, key.id),)
    others = [each for each in versions if _name(each) != pinned]
    return version, (
        *_check_version(version, key.id, now),
        *_check_pinning(version, others, latest, now),
    )


def _check_rotation(key: Key, now: datetime) -> Iterator[KeyConcern]:
    """Yield a concern if the rotation policy did not rotate an enabled key in time.

    The concern also applies to a pinned version, because the key is older than its owner allows.
    """
    due, latest = key.next_rotation_at, key.latest
    if due is not None and latest.enabled is not False and now >= due + KEY_ROTATION_GRACE:
        facts = {"keyId": key.id, "keyVersion": latest.version, "rotationDue": due}
        yield concern(KeyReason.KEY_ROTATION_OVERDUE, facts)


def _rotates_in_time(key: Key, now: datetime) -> bool:
    """Return whether a key's policy will certainly replace the latest version before it expires.

    A policy must rotate a key at least a week before the key expires, because later rotations fail.
    """
    due, latest = key.rotation_due_at, key.latest
    if due is None or latest.expires is None or latest.enabled is False:
        return False
    left = latest.expires - (due - KEY_ROTATION_GRACE)
    return now < due + KEY_ROTATION_GRACE and left >= LEAST_ROTATION_TIME


def _ends_soon(version: KeyVersion, now: datetime) -> bool:
    """Return whether a key version has expired or will expire within the notice period."""
    if version.expires is None:
        return False
    notice = KEY_EXPIRY_NOTICE
    lifetime = version.expires - version.created if version.created else notice
    if timedelta(0) < lifetime < notice:
        notice = lifetime * SHORT_KEY_NOTICE_SHARE
    return version.expires - now <= notice


def _check_version(
    version: KeyVersion, key_id: str, now: datetime, *, is_replaced: bool = False
) -> Iterator[KeyConcern | Unseen]:
    """Yield problems with a key version; a version that ``is_replaced`` in time may expire soon."""
    if version.malformed is not None:
        fault = f"Key: {version.malformed}"
        yield Unseen(_KEY, sentences.describe_malformed(fault, "az keyvault key show"))
    facts: dict[str, object] = {"keyId": key_id, "keyVersion": version.version}
    # Azure documents that a key is enabled if the property is missing.
    if version.enabled is False:
        yield concern(KeyReason.KEY_DISABLED, facts)
    # Source: "About keys": outside its dates, a key can unwrap but not wrap.
    if version.expires is not None and version.expires <= now:
        yield concern(KeyReason.KEY_EXPIRED, facts | {"expires": version.expires})
    elif _ends_soon(version, now) and not is_replaced:
        yield concern(KeyReason.KEY_EXPIRES_SOON, facts | {"expires": version.expires})
    if version.not_before is not None and version.not_before > now:
        yield concern(KeyReason.KEY_NOT_YET_VALID, facts | {"notBefore": version.not_before})
    yield from _check_material(version, facts)
    operations = version.operations or ()
    missing = ", ".join(name for name in _OPERATIONS if name.lower() not in operations)
    if not operations:
        yield Unseen("keyOperations", sentences.KEY_OPERATIONS)
    elif missing:
        yield concern(KeyReason.KEY_OPERATIONS_MISSING, facts | {"missingOperations": missing})


def _check_material(version: KeyVersion, facts: dict[str, object]) -> Iterator[KeyConcern | Unseen]:
    facts = facts | {"keyType": version.type, "keySize": version.size}
    is_rsa = lower_ascii(version.type or "") in _RSA
    if not version.type:
        yield Unseen("keyType", sentences.KEY_TYPE)
    elif not is_rsa:
        yield concern(KeyReason.KEY_TYPE_UNSUPPORTED, facts)
    if version.size is None:
        # Only keys of other types have no size.
        if is_rsa or not version.type:
            yield Unseen("keySize", sentences.KEY_SIZE)
    elif version.size < _SMALLEST:
        yield concern(KeyReason.KEY_TOO_SMALL, facts)
    elif is_rsa and version.size > _SMALLEST:
        yield concern(KeyReason.KEY_SIZE_DISPUTED, facts)


def _check_pinning(
    version: KeyVersion, others: Sequence[KeyVersion], latest: str | None, now: datetime
) -> Iterator[KeyConcern | Unseen]:
    """Yield a concern if the pinned version expires soon or if a newer version exists.

    If no version was created later, the version named ``latest`` counts as newer, because several
    versions may have been created in the same second.
    """
    created = version.created
    unclear = (each.malformed or each.created is None or each.version is None for each in others)
    if others and (created is None or any(unclear)):
        yield _UNCLEAR
    enabled = [each for each in others if each.enabled is not False]
    newer = [each for each in enabled if each.created and created and each.created > created]
    newer = newer or [each for each in enabled if each.version and _name(each) == latest]
    facts: dict[str, object] = {"keyVersion": version.version, "expires": version.expires}
    if newer or _ends_soon(version, now):
        yield concern(KeyReason.VERSION_PINNED, facts | {"newestVersion": _find_newest(newer)})
    usable = [each for each in newer if each.expires is None or each.expires > now]
    if usable:
        yield concern(KeyReason.VERSION_NOT_LATEST, facts | {"newestVersion": _find_newest(usable)})


def _find_newest(versions: Sequence[KeyVersion]) -> str | None:
    newest = max(versions, key=lambda each: (each.created, each.version or ""), default=None)
    return newest.version if newest else None


def _name(version: KeyVersion) -> str | None:
    return fold_version(version.version)


def _build_not_found(account: Account, key_id: str) -> KeyConcern:
    facts = {"keyId": key_id, "keyVersion": get_pinned_version(account)}
    return concern(KeyReason.KEY_NOT_FOUND, facts)


def fold_version(version: str | None) -> str | None:
    """Return a key version's hexadecimal digits for comparison, without the hyphens of a GUID."""
    return None if version is None else version.strip().lower().replace("-", "")
