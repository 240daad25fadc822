"""Each reason of key health that lies with the key at the version in use."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.key_facts import Absent, Key, Unread
from cmk_check.core.key_health import judge_key
from cmk_check.core.model import KeyHealth
from cmk_check.core.words import KeyReason, KeyState
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    DAY,
    KEY_EVIDENCE,
    KEY_ID,
    NEW,
    NOW,
    OLD,
    PINNED,
    POLICIES,
    ROLES,
    SECONDS,
    SETTINGS,
    UNREAD,
    Case,
    Changes,
    Expected,
    account_and_facts,
    changed,
    found,
    judged,
    with_changes,
)

MATERIAL: Final = {**KEY_EVIDENCE, "keyType": "RSA", "keySize": "2048"}


_LATEST: Final[dict[str, tuple[Changes, Expected]]] = {
    "disabled": ({f"{ATTRIBUTES}.enabled": False}, {KeyReason.KEY_DISABLED: KEY_EVIDENCE}),
    "enabled not said": ({f"{ATTRIBUTES}.enabled": None}, {}),
    "expires never": ({f"{ATTRIBUTES}.exp": None}, {}),
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
    "expiry beyond the calendar": (
        {f"{ATTRIBUTES}.exp": 10**20},
        {KeyReason.CANNOT_READ: {"notSeen": "key"}},
    ),
    "valid from the next second": (
        {f"{ATTRIBUTES}.nbf": SECONDS + 1},
        {KeyReason.KEY_NOT_YET_VALID: {**KEY_EVIDENCE, "notBefore": "2026-11-25T12:00:01Z"}},
    ),
    "valid from this second": ({f"{ATTRIBUTES}.nbf": SECONDS}, {}),
    "valid from ever": ({f"{ATTRIBUTES}.nbf": None}, {}),
    "in an HSM": ({"key.properties.kty": "rsa-hsm"}, {}),
    "of another type": (
        {"key.properties.kty": "EC", "key.properties.keySize": None},
        {KeyReason.KEY_TYPE_UNSUPPORTED: {**KEY_EVIDENCE, "keyType": "EC"}},
    ),
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
    "type not said": (
        {"key.properties.kty": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keyType"}},
    ),
    "size not said": (
        {"key.properties.keySize": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keySize"}},
    ),
    "neither type nor size said": (
        {"key.properties.kty": None, "key.properties.keySize": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keyType, keySize"}},
    ),
    "a bit too small": (
        {"key.properties.keySize": 2047},
        {KeyReason.KEY_TOO_SMALL: {**MATERIAL, "keySize": "2047"}},
    ),
    "larger": (
        {"key.properties.keySize": 3072},
        {KeyReason.KEY_SIZE_DISPUTED: {**MATERIAL, "keySize": "3072"}},
    ),
    "large and of another type": (
        {"key.properties.kty": "oct-HSM", "key.properties.keySize": 4096},
        {KeyReason.KEY_TYPE_UNSUPPORTED: {**KEY_EVIDENCE, "keyType": "oct-HSM", "keySize": "4096"}},
    ),
    "cannot wrap": (
        {"key.properties.keyOps": ["encrypt", "unwrapKey"]},
        {KeyReason.KEY_OPERATIONS_MISSING: {**KEY_EVIDENCE, "missingOperations": "wrapKey"}},
    ),
    "cannot wrap nor unwrap": (
        {"key.properties.keyOps": ["sign"]},
        {
            KeyReason.KEY_OPERATIONS_MISSING: {
                **KEY_EVIDENCE,
                "missingOperations": "wrapKey, unwrapKey",
            }
        },
    ),
    "operations in other case": ({"key.properties.keyOps": ["WRAPKEY", "unwrapkey"]}, {}),
    "operations not said": (
        {"key.properties.keyOps": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keyOperations"}},
    ),
    "no operations": (
        {"key.properties.keyOps": []},
        {KeyReason.CANNOT_READ: {"notSeen": "keyOperations"}},
    ),
    "disabled and expired": (
        {f"{ATTRIBUTES}.enabled": False, f"{ATTRIBUTES}.exp": SECONDS - 1},
        {
            KeyReason.KEY_DISABLED: KEY_EVIDENCE,
            KeyReason.KEY_EXPIRED: {**KEY_EVIDENCE, "expires": "2026-11-25T11:59:59Z"},
        },
    ),
}


_PINNINGS: Final[dict[str, tuple[Changes, Expected]]] = {
    "version written like a GUID": (
        {f"{SETTINGS}.keyVersion": " 0B0B0B0B-0b0b-0b0b-0b0b-0b0b0b0b0b0b "},
        {},
    ),
    "pinned version is gone": (
        {f"{SETTINGS}.keyVersion": "0c"},
        {KeyReason.KEY_NOT_FOUND: {"keyId": KEY_ID.lower(), "keyVersion": "0c"}},
    ),
    "pinned version may be one without a name": (
        {f"{SETTINGS}.keyVersion": "0c", "versions.0.name": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}},
    ),
    "dashes alone are not the version without a name": (
        {f"{SETTINGS}.keyVersion": "--", "versions.0.name": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}},
    ),
    "pinned version is disabled": (
        {f"{PINNED}.attributes.enabled": False},
        {KeyReason.KEY_DISABLED: KEY_EVIDENCE},
    ),
    "pinned version is judged, not the newest": ({f"{ATTRIBUTES}.enabled": False}, {}),
    "of the pinned version less is said than of the newest": (
        {f"{PINNED}.{name}": None for name in ("kty", "keySize", "keyOps")},
        {KeyReason.CANNOT_READ: {"notSeen": "keyType, keySize, keyOperations"}},
    ),
    "pinned version expires soon": (
        {f"{PINNED}.attributes.exp": SECONDS + 30 * DAY},
        {
            KeyReason.KEY_EXPIRES_SOON: {**KEY_EVIDENCE, "expires": "2026-12-25T12:00:00Z"},
            KeyReason.VERSION_PINNED: {"keyVersion": NEW, "expires": "2026-12-25T12:00:00Z"},
        },
    ),
    "pinned version expires later": ({f"{PINNED}.attributes.exp": SECONDS + 30 * DAY + 1}, {}),
    "pinned version never expires": ({f"{PINNED}.attributes.exp": None}, {}),
    "a newer version is there": (
        {"versions.0.properties.attributes.created": SECONDS},
        {
            KeyReason.VERSION_PINNED: {
                "keyVersion": NEW,
                "newestVersion": OLD,
                "expires": "2027-11-25T12:00:00Z",
            },
            KeyReason.VERSION_NOT_LATEST: {
                "keyVersion": NEW,
                "newestVersion": OLD,
                "expires": "2027-11-25T12:00:00Z",
            },
        },
    ),
    "the newer version expires this second": (
        {
            "versions.0.properties.attributes.created": SECONDS,
            "versions.0.properties.attributes.exp": SECONDS,
        },
        {
            KeyReason.VERSION_PINNED: {
                "keyVersion": NEW,
                "newestVersion": OLD,
                "expires": "2027-11-25T12:00:00Z",
            },
        },
    ),
    "the newer version is disabled": (
        {
            "versions.0.properties.attributes.created": SECONDS,
            "versions.0.properties.attributes.enabled": False,
        },
        {},
    ),
    "made in the same second": (
        {"versions.0.properties.attributes.created": SECONDS - 10 * DAY},
        {},
    ),
    "when another was made is not said": (
        {"versions.0.properties.attributes.created": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}},
    ),
    "when the pinned one was made is not said": (
        {f"{PINNED}.attributes.created": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}},
    ),
    "when the only one was made is not said": (
        {
            "versions": [ROLES["versions"][1]],
            "versions.0.properties.attributes.created": None,
        },
        {},
    ),
    "another version is odd": (
        {"versions.0.properties.attributes.enabled": "no"},
        {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}},
    ),
}


@pytest.mark.parametrize(("changes", "expected"), _LATEST.values(), ids=list(_LATEST))
def test_what_the_key_says(changes: Changes, expected: Expected) -> None:
    """A key that cannot wrap or unwrap protects nothing new, or makes data unreadable."""
    health = judged(with_changes(POLICIES, changes))

    assert found(health) == expected


@pytest.mark.parametrize(("changes", "expected"), _PINNINGS.values(), ids=list(_PINNINGS))
def test_what_is_said_of_pinned_versions(changes: Changes, expected: Expected) -> None:
    """An account that stays with one version lives and dies with that one."""
    health = judged(with_changes(ROLES, changes))

    assert found(health) == expected


@pytest.mark.parametrize(
    ("created", "newest"),
    [({"f": 5, "0": 6}, "0"), ({"0": 6, "f": 5}, "0"), ({"0": 6, "f": 6}, "f")],
)
def test_the_newest_version_is_the_one_made_last(created: dict[str, int], newest: str) -> None:
    """P4: it stands in the evidence, so of two made at once it must always be the same."""
    case = changed(ROLES, "versions", [ROLES["versions"][1]] * (len(created) + 1))
    case = json.loads(json.dumps(case))  # versions of their own, of which each can be changed
    for place, (name, seconds) in enumerate(created.items(), 1):
        case["versions"][place]["name"] = name
        case["versions"][place]["properties"]["attributes"]["created"] += seconds

    concerns = found(judged(case))

    assert concerns[KeyReason.VERSION_PINNED]["newestVersion"] == newest
    assert concerns[KeyReason.VERSION_NOT_LATEST]["newestVersion"] == newest


def test_a_key_that_is_gone_is_broken() -> None:
    """Without it the data cannot be read."""
    health = judged(POLICIES, key=Absent(KEY_ID.lower()))

    assert found(health) == {KeyReason.KEY_NOT_FOUND: {"keyId": KEY_ID.lower()}}
    assert (health.state, health.key_id, health.expires) == (
        KeyState.BROKEN,
        KEY_ID.lower(),
        None,
    )


def _with_versions_unread(case: Case, versions: Unread | None) -> KeyHealth:
    account, facts = account_and_facts(case)
    assert isinstance(facts.key, Key)
    return judge_key(account, replace(facts, key=replace(facts.key, versions=versions)), NOW)


@pytest.mark.parametrize("versions", [UNREAD, None])
def test_versions_that_could_not_be_read_are_unknown(versions: Unread | None) -> None:
    """Whether there is a newer one nobody knows."""
    health = _with_versions_unread(ROLES, versions)

    assert found(health) == {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}}
    assert (health.key_version, health.expires) == (NEW, NOW + timedelta(days=365))


def test_the_latest_version_is_judged_without_the_others() -> None:
    """What is known to be broken is said, though something else could not be read."""
    health = _with_versions_unread(changed(ROLES, f"{ATTRIBUTES}.enabled", value=False), UNREAD)

    assert found(health) == {
        KeyReason.KEY_DISABLED: KEY_EVIDENCE,
        KeyReason.CANNOT_READ: {"notSeen": "keyVersions"},
    }
    assert health.concerns[-1].message.endswith(" Versions of the key: Grant the role.")


def test_a_latest_version_without_a_name_is_not_the_pinned_one() -> None:
    """P1: dashes alone name no version."""
    case = with_changes(
        ROLES,
        {f"{SETTINGS}.keyVersion": "--", "key.properties.keyUriWithVersion": None},
    )

    assert _with_versions_unread(case, UNREAD).expires is None


def test_an_older_version_is_not_judged_by_the_latest() -> None:
    """Of the pinned one nothing is known then, not even whether it is there."""
    older = with_changes(ROLES, {f"{SETTINGS}.keyVersion": OLD, f"{ATTRIBUTES}.enabled": False})
    health = _with_versions_unread(older, UNREAD)

    assert found(health) == {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}}
    assert (health.key_version, health.expires) == (OLD, None)
