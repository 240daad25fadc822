"""Timers fire when Azure's would, seen with a clock that the test moves."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from local.functions_host.data import Json
from local.functions_host.errors import StartError
from local.functions_host.timers import Schedule, Timer

pytestmark = pytest.mark.long

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class _Clock:
    """Time that passes only in ``sleep``; after the last minute it stands still for good."""

    def __init__(self, minutes: int) -> None:
        self.now = _NOON
        self._end = _NOON + timedelta(minutes=minutes)

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.now > self._end:
            raise asyncio.CancelledError


async def _runs(minutes: int, *durations: int, run_on_startup: bool = False) -> list[str]:
    """Return when a timer of every five minutes runs; durations are minutes, then none."""
    clock, runs, left = _Clock(minutes), list[str](), list(durations)

    async def run(_: Json) -> None:
        runs.append(clock.now.strftime("%H:%M"))
        clock.now += timedelta(minutes=left.pop(0) if left else 0)
        await asyncio.sleep(0)

    timer = Timer(Schedule("0 */5 * * * *"), run, now=lambda: clock.now, sleep=clock.sleep)
    with pytest.raises(asyncio.CancelledError):
        await timer.watch(run_on_startup=run_on_startup)
    return runs


async def test_a_long_run_is_followed_by_one_run_at_once_and_never_by_two() -> None:
    """A scan that lasts three intervals must neither overlap nor be made up for three times."""
    assert await _runs(31, 17) == ["12:05", "12:22", "12:25", "12:30"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("30 * * * * *", "2026-01-01 12:00:30", id="seconds come first"),
        pytest.param("0 0 0 13 * 5", "2026-02-13 00:00:00", id="day and weekday both match"),
    ],
)
def test_a_schedule_is_ncrontab(expression: str, expected: str) -> None:
    """Other dialects of cron differ in each of these."""
    assert str(Schedule(expression).after(_NOON)) == f"{expected}+00:00"


@pytest.mark.parametrize("expression", ["", "@hourly", "01:00:00", "0 0 25 * * *", "* * * *", "L"])
def test_what_is_not_ncrontab_is_refused(expression: str) -> None:
    """A timer with such a schedule never fires on Azure."""
    with pytest.raises(StartError, match="NCRONTAB"):
        Schedule(expression)
