"""Each reason of key health that concerns the key version in use."""

from typing import Final

import pytest

from cmk_check.core.enums import KeyReason, KeyState
from cmk_check.core.unread import Absent
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    DAY,
    KEY_EVIDENCE,
    KEY_ID,
    POLICIES,
    SECONDS,
    Changes,
    Expected,
    found,
    judged,
    with_changes,
)

MATERIAL: Final = {**KEY_EVIDENCE, "keyType": "RSA", "keySize": "2048"}


_LATEST: Final[dict[str, tuple[Changes, Expected]]] = {
    "disabled": ({f"{ATTRIBUTES}.enabled": False}, {KeyReason.KEY_DISABLED: KEY_EVIDENCE}),
    "expired this second": (
        {f"{ATTRIBUTES}.exp": SECONDS},
        {KeyReason.KEY_EXPIRED: {**KEY_EVIDENCE, "expires": "2026-11-25T12:00:00Z"}},
    ),
    "expires next second": (
        {f"{ATTRIBUTES}.exp": SECONDS + 1},
        {KeyReason.KEY_EXPIRES_SOON: {**KEY_EVIDENCE, "expires": "2026-11-25T12:00:01Z"}},
    ),
    "expires in 30 days": (
        {f"{ATTRIBUTES}.exp": SECONDS + 30 * DAY},
        {KeyReason.KEY_EXPIRES_SOON: {**KEY_EVIDENCE, "expires": "2026-12-25T12:00:00Z"}},
    ),
    "expires a second later": ({f"{ATTRIBUTES}.exp": SECONDS + 30 * DAY + 1}, {}),
    "valid from the next second": (
        {f"{ATTRIBUTES}.nbf": SECONDS + 1},
        {KeyReason.KEY_NOT_YET_VALID: {**KEY_EVIDENCE, "notBefore": "2026-11-25T12:00:01Z"}},
    ),
    "valid from this second": ({f"{ATTRIBUTES}.nbf": SECONDS}, {}),
    "in an HSM": ({"key.properties.kty": "rsa-hsm"}, {}),
    "of another type and small": (
        {"key.properties.kty": "oct-HSM", "key.properties.keySize": 256},
        {
            KeyReason.KEY_TYPE_UNSUPPORTED: {
                **KEY_EVIDENCE,
                "keyType": "oct-HSM",
                "keySize": "256",
            },
            KeyReason.KEY_TOO_SMALL: {**KEY_EVIDENCE, "keyType": "oct-HSM", "keySize": "256"},
        },
    ),
    "of a type that only looks the same": (
        {"key.properties.kty": "R\u017fA"},
        {KeyReason.KEY_TYPE_UNSUPPORTED: {**MATERIAL, "keyType": "R\u017fA"}},
    ),
    "a bit too small": (
        {"key.properties.keySize": 2047},
        {KeyReason.KEY_TOO_SMALL: {**MATERIAL, "keySize": "2047"}},
    ),
    "larger": (
        {"key.properties.keySize": 3072},
        {KeyReason.KEY_SIZE_DISPUTED: {**MATERIAL, "keySize": "3072"}},
    ),
    "cannot wrap": (
        {"key.properties.keyOps": ["encrypt", "unwrapKey"]},
        {KeyReason.KEY_OPERATIONS_MISSING: {**KEY_EVIDENCE, "missingOperations": "wrapKey"}},
    ),
    "operations in other case": ({"key.properties.keyOps": ["WRAPKEY", "unwrapkey"]}, {}),
    "operations not said": (
        {"key.properties.keyOps": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keyOperations"}},
    ),
}


@pytest.mark.parametrize(("changes", "expected"), _LATEST.values(), ids=list(_LATEST))
def test_what_the_key_says(changes: Changes, expected: Expected) -> None:
    """A key that cannot wrap or unwrap protects nothing new, or makes data unreadable."""
    health = judged(with_changes(POLICIES, changes))

    assert found(health) == expected


def test_a_key_that_is_gone_is_broken() -> None:
    """Without it the data cannot be read."""
    health = judged(POLICIES, key=Absent(KEY_ID.lower()))

    assert found(health) == {KeyReason.KEY_NOT_FOUND: {"keyId": KEY_ID.lower()}}
    assert (health.state, health.key_id, health.expires) == (
        KeyState.BROKEN,
        KEY_ID.lower(),
        None,
    )
