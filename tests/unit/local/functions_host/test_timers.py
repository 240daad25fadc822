"""Schedules mean what they mean on Azure."""

from datetime import UTC, datetime

import pytest

from local.functions_host.errors import StartError
from local.functions_host.timers import Schedule

pytestmark = pytest.mark.long

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


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
