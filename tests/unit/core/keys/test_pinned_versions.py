"""Each reason of key health for an account that pins one version of its key."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.enums import KeyReason
from cmk_check.core.keys.facts import Key
from cmk_check.core.keys.judge_key import judge_key
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.unread import Unread
from tests.unit.core.key_examples import (
    ATTRIBUTES,
    KEY_EVIDENCE,
    NEW,
    NOW,
    OLD,
    ROLES,
    SETTINGS,
    UNREAD,
    Case,
    account_and_facts,
    changed,
    found,
    judged,
    with_changes,
)


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
