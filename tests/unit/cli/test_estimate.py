"""The estimate follows the settings in force."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.cli.estimate import estimate_of
from cmk_check.config.settings import Settings
from cmk_check.core.estimate import Estate, Estimate
from cmk_check.core.prices import Prices, month

NONE: Final[Mapping[str, str]] = {}


def _found(minutes: int = 60, settings: Mapping[str, str] = NONE) -> Estimate:
    environment = {"CMK_STORAGE": "UseDevelopmentStorage=true", **settings}
    size = Estate(subscriptions=100, accounts=480, violations=30, vaults=10)
    return estimate_of(size, timedelta(minutes=minutes), Settings.load(environment))


def _numbers(found: Estimate) -> tuple[float, ...]:
    scan = found.scan
    return scan.keys, scan.scopes, scan.exemptions, found.graph_an_hour, found.slices


@pytest.mark.parametrize(
    ("setting", "numbers"),
    [
        ("", (10, 18.75, 30, 1, 1)),
        ("CMK_KEY_HEALTH=off", (0, 0, 30, 1, 1)),
        ("CMK_REQUIRE_HEALTHY_KEYS=on", (10, 450, 30, 1, 1)),
        ("CMK_EXCEPTIONS=off", (10, 18.75, 0, 1, 1)),
        ("CMK_CROSS_CHECK=off", (10, 18.75, 30, 0, 1)),
        ("CMK_WATCH_SCHEDULE=0 */2 * * * *", (10, 18.75, 30, 61, 1)),
        ("CMK_SLICE_SIZE=10", (10, 18.75, 30, 10, 10)),
    ],
)
def test_what_a_setting_switches_off_is_not_counted(
    setting: str, numbers: tuple[float, ...]
) -> None:
    """Whoever tries a setting here must see what it would change."""
    name, _, value = setting.partition("=")

    assert _numbers(_found(settings={name: value})) == numbers


def test_rare_scans_read_scopes_each_time_and_cost_less() -> None:
    """A scan every other day reads what is due once a day."""
    hourly, rare = _found(), _found(minutes=2880)

    assert rare.scan.scopes == 450
    assert rare.use.table_requests == hourly.use.table_requests / 48


def test_what_one_instance_cannot_end_in_time_needs_two() -> None:
    """A thousand answers of a tenth of a second take more than a minute, one after the other."""
    alone = _found(minutes=1, settings={"CMK_MAX_IN_FLIGHT": "1"})

    assert alone.instances == 1
    assert replace(alone, estate=replace(alone.estate, subscriptions=1000)).instances == 2


def test_a_larger_estate_costs_more() -> None:
    """A slipped digit would show."""
    small = _found()
    large = replace(small, estate=Estate(10_000, 50_000, violations=0, vaults=1000))

    costs = [month(each.use, Prices()).scans for each in (small, large)]

    assert 0 < costs[0] < costs[1] < 10
