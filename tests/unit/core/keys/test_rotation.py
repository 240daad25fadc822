"""Rotation policies and what they mean for the health of a key, also over a year."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from cmk_check.core.aspects.aspect import Occasion
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.enums import KeyReason, KeyState
from cmk_check.core.keys.facts import Key as ReadKey
from cmk_check.core.keys.judge_key_health import judge_key_health
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.keys.parsing import parse_key
from cmk_check.inventory.keys.rotation_policy import add_rotation
from local.simulator import KeySpec, VaultSpec, VersionSpec
from local.simulator.rotation import moved
from local.simulator.vault_documents import KeyPlace
from local.simulator.vaults import Key
from tests.fakes.remediation import finding_of
from tests.unit.core.key_examples import (
    KEY_EVIDENCE,
    NOW,
    OLD,
    POLICIES,
    ROLES,
    SECONDS,
    VAULT_ID,
    account_and_facts,
    found,
    judged,
)

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
SOON, OVERDUE = KeyReason.KEY_EXPIRES_SOON, KeyReason.KEY_ROTATION_OVERDUE
R = KeyReason


def _codes(health: KeyHealth) -> list[KeyReason]:
    return [each.code for each in health.concerns]


def _with(
    *, created: timedelta, expires: timedelta | None, due: timedelta | None, enabled: bool = True
) -> KeyHealth:
    """Judge a key that an account follows; the times are counted from now."""
    _, facts = account_and_facts(POLICIES)
    assert isinstance(facts.key, ReadKey)
    latest = replace(
        facts.key.latest,
        created=NOW + created,
        expires=None if expires is None else NOW + expires,
        enabled=enabled,
    )
    return judged(POLICIES, key=_due(replace(facts.key, latest=latest), due))


def _due(key: ReadKey, due: timedelta | None) -> ReadKey:
    at = None if due is None else NOW + due
    return replace(key, rotation_due_at=at, next_rotation_at=at)


@pytest.mark.parametrize(
    ("created", "expires", "due", "reasons"),
    [
        pytest.param(-80, 10, 4, [], id="a week before it expires, with a day of grace"),
        pytest.param(-80, 10, 4.01, [SOON], id="too late"),
        pytest.param(-80, 10, None, [SOON], id="no policy"),
        pytest.param(-80, 10, -0.99, [], id="within the day of grace"),
        pytest.param(-80, 10, -1, [SOON, OVERDUE], id="overdue"),
        pytest.param(-80, None, -1, [OVERDUE], id="overdue without an expiry"),
        pytest.param(-80, 0, 3, [R.KEY_EXPIRED], id="expired before it rotates"),
        pytest.param(-80, 0, -3, [R.KEY_EXPIRED, OVERDUE], id="expired and overdue"),
        pytest.param(-1, 29, None, [SOON], id="lives 30 days"),
        pytest.param(-20, 8, None, [], id="lives 28 days, before the last quarter"),
        pytest.param(-21, 7, None, [SOON], id="lives 28 days, in the last quarter"),
        pytest.param(10, -1, None, [R.KEY_EXPIRED], id="created after it expires"),
    ],
)
def test_a_policy_counts_only_if_it_rotates_in_time(
    created: float, expires: float | None, due: float | None, reasons: list[KeyReason]
) -> None:
    """Otherwise a key that is about to expire would be healthy."""
    health = _with(
        created=created * DAY,
        expires=None if expires is None else expires * DAY,
        due=None if due is None else due * DAY,
    )

    assert _codes(health) == reasons
    assert health.next_rotation_at == (None if due is None else NOW + due * DAY)


def test_the_policy_of_a_disabled_key_promises_nothing() -> None:
    """Disabling may have been the purpose; that is one alert, not two."""
    times: Any = {"created": -80 * DAY, "expires": 10 * DAY, "enabled": False}

    assert _codes(_with(due=3 * DAY, **times)) == [R.KEY_DISABLED, SOON]
    assert _codes(_with(due=-3 * DAY, **times)) == [R.KEY_DISABLED, SOON]


def test_a_policy_does_not_protect_an_account_that_is_pinned() -> None:
    """The account pins its version, but the key still counts as overdue."""
    _, facts = account_and_facts(ROLES)
    assert isinstance(facts.key, ReadKey)
    assert isinstance(facts.key.versions, tuple)
    ending = replace(facts.key.latest, expires=NOW + 10 * DAY, created=NOW - 80 * DAY)
    key = replace(facts.key, latest=ending, versions=(ending,))

    in_time = judged(ROLES, key=_due(key, 3 * DAY))
    overdue = judged(ROLES, key=_due(key, -3 * DAY))

    assert _codes(in_time) == [SOON, R.VERSION_PINNED]
    assert _codes(overdue) == [SOON, OVERDUE, R.VERSION_PINNED]


def test_a_policy_that_is_set_again_each_night_protects_from_nothing() -> None:
    """It is not known to be overdue, but the key still expires."""
    _, facts = account_and_facts(POLICIES)
    assert isinstance(facts.key, ReadKey)
    latest = replace(facts.key.latest, created=NOW - 80 * DAY, expires=NOW + 10 * DAY)
    key = replace(_due(replace(facts.key, latest=latest), -20 * DAY), next_rotation_at=NOW)

    assert _codes(judged(POLICIES, key=key)) == [SOON]


def test_being_overdue_is_a_reason_with_what_it_rests_on() -> None:
    """The same in every scan, so that it is announced once."""
    health = _with(created=-80 * DAY, expires=None, due=-2 * DAY)

    assert health.state is KeyState.AT_RISK
    assert found(health) == {OVERDUE: {**KEY_EVIDENCE, "rotationDue": "2026-11-23T12:00:00Z"}}


def _policy(after: str, lifetime: str, kind: str = "rotate") -> dict[str, Any]:
    trigger = {"timeAfterCreate": after}
    action = {"trigger": trigger, "action": {"type": kind}}
    return {"lifetimeActions": [action], "attributes": {"expiryTime": lifetime}}


def _year(lifetime: str, policy: dict[str, Any], *, rotates: bool = True) -> list[str]:
    """Scan a new key every hour for a year; return the announcements and their hours."""
    first = VersionSpec(version=OLD, created=SECONDS, exp=moved(SECONDS, lifetime))
    spec = KeySpec(name="cmk", versions=(first,), policy=policy, rotates=rotates)
    key = Key(
        spec, KeyPlace(VaultSpec(name="safe", group="rg"), VAULT_ID, "cmk"), threading.RLock()
    )
    account, facts = account_and_facts(POLICIES)
    before, shown, told = None, None, []
    finding = finding_of("Chat", "rg")
    for hour in range(365 * 24):
        now = NOW + hour * HOUR
        key.clock = now.timestamp
        if key.latest is not shown:
            shown, document = key.latest, key.document()
            facts = replace(facts, key=add_rotation(parse_key(document), document))
        health = judge_key_health(account, facts, now)
        after = replace(finding, key_health=health)
        _, news = KEY_HEALTH.list_news(before, after, after, Occasion(now))
        told += [f"{each.type.name} {hour / 24:g} {','.join(_codes(health))}" for each in news]
        before = after
    return told


def test_a_key_that_rotates_in_time_is_no_news_for_a_year() -> None:
    """An alarm that comes and goes with each version would be ignored."""
    assert _year("P28D", _policy("P21D", "P28D")) == []


@pytest.mark.parametrize(
    ("kind", "day", "more"),
    [
        # A day after the new version was due, while there is time to create one by hand.
        ("rotate", 61, ",key_rotation_overdue"),
        # As without a policy: 30 days before.
        ("notify", 60, ""),
    ],
)
def test_a_key_that_does_not_rotate_is_news_once_until_it_expires(
    kind: str, day: int, more: str
) -> None:
    """An alarm that comes twice for one cause would be ignored."""
    assert _year("P90D", _policy("P60D", "P90D", kind), rotates=False) == [
        f"KEY_DEGRADED {day} key_expires_soon{more}",
        f"KEY_DEGRADED 90 key_expired{more}",
    ]
