"""Each reason of key health for an account that pins one version of its key."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.facts import Key
from cmk_check.core.keys.judge_key import judge_key
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.unread import Unread
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    DAY,
    KEY_EVIDENCE,
    KEY_ID,
    NEW,
    NOW,
    OLD,
    PINNED,
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

_OLDER: Final = "versions.0.properties.attributes"


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
    "when the only one was made is not said": (
        {
            "versions": [ROLES["versions"][1]],
            "versions.0.properties.attributes.created": None,
        },
        {},
    ),
}


_OTHER: Final = "0c" * 16
_URI: Final = "https://safe.vault.azure.net/keys/cmk"
_REPLACED: Final = {
    "keyVersion": NEW,
    "newestVersion": _OTHER,
    "expires": "2027-11-25T12:00:00Z",
}
# What the key's name alone leads to, of an account that pins NEW, is another version.
_OTHER_IS_LATEST: Final = {"key.properties.keyUriWithVersion": f"{_URI}/{_OTHER}"}
_LATEST_AND_LIST: Final[dict[str, tuple[Changes, Expected]]] = {
    "the newest is not in the list yet": (
        {**_OTHER_IS_LATEST, f"{ATTRIBUTES}.created": SECONDS},
        {KeyReason.VERSION_PINNED: _REPLACED, KeyReason.VERSION_NOT_LATEST: _REPLACED},
    ),
    "the newest was made in the same second": (
        {**_OTHER_IS_LATEST, "versions.0.name": _OTHER, f"{_OLDER}.created": SECONDS - 10 * DAY},
        {KeyReason.VERSION_PINNED: _REPLACED, KeyReason.VERSION_NOT_LATEST: _REPLACED},
    ),
    "the newest was made before": (
        {**_OTHER_IS_LATEST, "versions.0.name": _OTHER.upper()},
        {
            KeyReason.VERSION_PINNED: {**_REPLACED, "newestVersion": _OTHER.upper()},
            KeyReason.VERSION_NOT_LATEST: {**_REPLACED, "newestVersion": _OTHER.upper()},
        },
    ),
    "the newest is not in the list and has expired": (
        {**_OTHER_IS_LATEST, f"{ATTRIBUTES}.exp": SECONDS},
        {KeyReason.VERSION_PINNED: _REPLACED},
    ),
    "when the newest was made is not said": (
        {**_OTHER_IS_LATEST, f"{ATTRIBUTES}.created": None},
        {
            KeyReason.CANNOT_READ: {"notSeen": "keyVersions"},
            KeyReason.VERSION_PINNED: _REPLACED,
            KeyReason.VERSION_NOT_LATEST: _REPLACED,
        },
    ),
    "one that the list has is judged by the list": (
        {"key.properties.keyUriWithVersion": f"{_URI}/{OLD}", f"{_OLDER}.enabled": False},
        {},
    ),
    "the pinned one is the newest, and not in the list yet": ({"versions": []}, {}),
    "which is the newest is not said": (
        {"key.properties.keyUriWithVersion": None},
        {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}},
    ),
}


@pytest.mark.parametrize(("changes", "expected"), _PINNINGS.values(), ids=list(_PINNINGS))
def test_what_is_said_of_pinned_versions(changes: Changes, expected: Expected) -> None:
    """An account with a pinned version depends on that version."""
    health = judged(with_changes(ROLES, changes))

    assert found(health) == expected


@pytest.mark.parametrize(
    ("changes", "expected"), _LATEST_AND_LIST.values(), ids=list(_LATEST_AND_LIST)
)
def test_the_newest_version_counts_whether_or_not_the_list_has_it(
    changes: Changes, expected: Expected
) -> None:
    """P1: both are answers of Azure, and one may lag behind the other."""
    health = judged(with_changes(ROLES, changes))

    assert found(health) == expected


@pytest.mark.parametrize(
    ("created", "newest"),
    [({"f": 5, "0": 6}, "0"), ({"0": 6, "f": 5}, "0"), ({"0": 6, "f": 6}, "f")],
)
def test_the_newest_version_is_the_one_made_last(created: dict[str, int], newest: str) -> None:
    """P4: it is in the evidence, so the choice between two of the same time must not vary."""
    case = changed(ROLES, "versions", [ROLES["versions"][1]] * (len(created) + 1))
    case = json.loads(json.dumps(case))  # versions of their own, of which each can be changed
    for place, (name, seconds) in enumerate(created.items(), 1):
        case["versions"][place]["name"] = name
        case["versions"][place]["properties"]["attributes"]["created"] += seconds

    concerns = found(judged(case))

    assert concerns[KeyReason.VERSION_PINNED]["newestVersion"] == newest
    assert concerns[KeyReason.VERSION_NOT_LATEST]["newestVersion"] == newest


def _with_versions_unread(case: Case, versions: Unread | None) -> KeyHealth:
    account, facts = account_and_facts(case)
    assert isinstance(facts.key, Key)
    return judge_key(account, replace(facts, key=replace(facts.key, versions=versions)), NOW)


@pytest.mark.parametrize("versions", [UNREAD, None])
def test_versions_that_could_not_be_read_are_unknown(versions: Unread | None) -> None:
    """It is not known whether there is a newer version."""
    health = _with_versions_unread(ROLES, versions)

    assert found(health) == {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}}
    assert (health.key_version, health.expires) == (NEW, NOW + timedelta(days=365))


def test_the_latest_version_is_judged_without_the_others() -> None:
    """A known fault is reported even if something else could not be read."""
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
    """Nothing is known about the pinned version then, not even whether it exists."""
    older = with_changes(ROLES, {f"{SETTINGS}.keyVersion": OLD, f"{ATTRIBUTES}.enabled": False})
    health = _with_versions_unread(older, UNREAD)

    assert found(health) == {KeyReason.CANNOT_READ: {"notSeen": "keyVersions"}}
    assert (health.key_version, health.expires) == (OLD, None)
