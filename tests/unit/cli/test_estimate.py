"""The estimate follows the settings in force."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.cli.estimate import Estate, Estimate, estimate_of
from cmk_check.cli.exit_codes import USAGE
from cmk_check.config.settings import Settings

NONE: Final[Mapping[str, str]] = {}
SLOW: Final = {"CMK_MAX_IN_FLIGHT": "1"}
SIZE: Final = Estate(subscriptions=100, accounts=480, violations=30, vaults=10)


def _found(minutes: int = 60, settings: Mapping[str, str] = NONE, size: Estate = SIZE) -> Estimate:
    environment = {"CMK_STORAGE": "UseDevelopmentStorage=true", **settings}
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
        ("CMK_WATCH_SCHEDULE=30 */10 * * * *", (10, 18.75, 30, 13, 1)),
        ("CMK_WATCH_SCHEDULE=0 0 */2 * * *", (10, 18.75, 30, 2, 1)),
        ("CMK_SLICE_SIZE=10", (10, 18.75, 30, 10, 10)),
    ],
)
def test_what_a_setting_switches_off_is_not_counted(
    setting: str, numbers: tuple[float, ...]
) -> None:
    """Whoever tries a setting here must see what it would change."""
    name, _, value = setting.partition("=")

    assert _numbers(_found(settings={name: value})) == numbers


@pytest.mark.parametrize(
    ("settings", "requests"),
    [
        ({}, (0, 0, 0)),
        ({"CMK_DATA_STORES": "on"}, (10, 20, 4)),
        ({"CMK_DATA_STORES": "on", "CMK_REQUIRE_COVERED_DATA": "on"}, (240, 20, 96)),
    ],
    ids=["off", "projects once a day", "projects in every scan"],
)
def test_data_stores_are_counted_where_they_are_read(
    settings: Mapping[str, str], requests: tuple[float, ...]
) -> None:
    """2 lists for each of 48 accounts with projects, 3 for each project; asOf is written."""
    size = Estate(100, 480, violations=30, vaults=10, projects=48, stores=20)
    found, without = (_found(settings=each, size=size) for each in (settings, NONE))

    writes = found.scan.table_writes - without.scan.table_writes
    numbers: tuple[float, ...] = found.scan.projects, found.scan.stores, writes

    assert numbers == requests
    assert found.scan.arm - without.scan.arm == sum(requests[:2])


def test_without_numbers_each_account_has_a_project_with_three_stores() -> None:
    """A switch that changes nothing here would look as if it cost nothing."""
    asked = ["estimate", "--subscriptions=1", "--accounts=24"]
    off, on = (
        CliRunner().invoke(app, asked, env={"CMK_DATA_STORES": each}).stdout
        for each in ("off", "on")
    )

    assert re.search(r"projects and data stores +0  off\n", off)
    assert re.search(r"projects and data stores +77  24 projects, 72 stores\n", on)


def test_rare_scans_read_scopes_each_time_and_cost_less() -> None:
    """A scan every other day reads what is due once a day."""
    hourly, rare = _found(), _found(minutes=2880)

    assert rare.scan.scopes == 450
    assert rare.use.table_requests == pytest.approx(hourly.use.table_requests / 48)


def test_what_one_instance_cannot_end_in_time_needs_two() -> None:
    """A thousand answers of a tenth of a second take more than a minute, one after the other."""
    small, large = (_found(1, SLOW, replace(SIZE, subscriptions=each)) for each in (100, 1000))

    assert (small.instances, large.instances) == (1, 2)


def test_a_scan_has_to_end_before_it_is_given_up_however_rare_it_is() -> None:
    """A scan that takes hours is given up after 55 minutes, also if the next one is a day off."""
    many = _found(1440, SLOW, replace(SIZE, subscriptions=50_000))

    assert many.seconds > 3600
    assert many.instances == 2


def test_what_one_subscription_is_asked_for_takes_as_long_as_its_bucket() -> None:
    """A list of scopes for each account: 1 + 1 + 3 x 10 + 4,970 requests, and what is listed."""
    size = Estate(1, 5000, violations=30, vaults=10)
    found = _found(settings={"CMK_REQUIRE_HEALTHY_KEYS": "on"}, size=size)

    assert found.scan.to_one_subscription == 5003
    assert found.seconds >= (5003 - 250) / 25


@pytest.mark.parametrize(
    ("wrong", "schedule", "message"),
    [
        # Else the answer would be an error of this program, or infinite.
        ("--every=1000000000000000", "", "--every"),
        (f"--subscriptions=1{'0' * 400}", "", "--subscriptions"),
        ("--vaults=1000000001", "", "--vaults"),
        (f"--price=log_gb={'9' * 400}", "", "--price"),
        ("--price=log_gb=1e400", "", "--price"),
        # Else it would be that of another estate.
        ("--violations=6", "", "--violations must be at most 5,"),
        ("--vaults=6", "", "--vaults must be from 1 to 5,"),
        ("--vaults=0", "", "--vaults must be from 1 to 5,"),
        ("--every=60", "off", "CMK_WATCH_SCHEDULE must be an NCRONTAB expression"),
    ],
)
def test_numbers_that_no_estate_has_are_refused(wrong: str, schedule: str, message: str) -> None:
    """Each is named."""
    asked = ["estimate", "--subscriptions=1", "--accounts=5", wrong]
    result = CliRunner().invoke(app, asked, env={"CMK_WATCH_SCHEDULE": schedule})

    assert (result.exit_code, result.stdout) == (USAGE, "")
    assert message in result.stderr


def test_a_watch_that_looks_twice_as_often_costs_twice_as_much() -> None:
    """Its looks are more than the scans of a small estate."""
    schedules = ("", "0 */4 * * * *", "0 */2 * * * *")
    off, rare, often = (_found(settings={"CMK_WATCH_SCHEDULE": each}).use for each in schedules)

    assert often.executions - off.executions == 2 * (rare.executions - off.executions) == 21_900
