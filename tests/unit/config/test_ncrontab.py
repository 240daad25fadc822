"""NCRONTAB: what the host takes, and how long nothing comes between."""

from datetime import UTC, datetime, timedelta

import pytest

from cmk_check.config.ncrontab import longest_pause, next_time

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("expression", "pause"),
    [
        pytest.param("0 0 * * * *", HOUR, id="hourly"),
        pytest.param("0 * * * *", HOUR, id="five fields, without seconds"),
        pytest.param("0 */5 * * * *", timedelta(minutes=5), id="a step"),
        pytest.param("0 7/20 * * * *", timedelta(minutes=20), id="a step from a number on"),
        pytest.param("0 30/25 * * * *", timedelta(minutes=35), id="a step that does not fit"),
        pytest.param("*/0 * * * * *", timedelta(seconds=1), id="a step of nothing is one"),
        pytest.param("0 0 3 * * *", DAY, id="daily"),
        pytest.param("0 0 6,18 * * *", 12 * HOUR, id="a list"),
        pytest.param("0 30 9-17 * * *", 16 * HOUR, id="the night counts"),
        pytest.param("0 0 0,23 * * *", 23 * HOUR, id="the day counts"),
        pytest.param("0 30 17-9 * * *", 16 * HOUR, id="a range may go backwards"),
        pytest.param("0 0 9 * * 1-5", 3 * DAY, id="the weekend counts"),
        pytest.param("0 0 9 * * Mon-FRIDAY", 3 * DAY, id="names, in any case"),
        pytest.param("0 0 9 * * s", 7 * DAY, id="a beginning of a name: s is Sunday"),
        pytest.param("0 0 0 1 1,m *", 306 * DAY, id="m is March"),
        pytest.param("0 0 0 31 * *", 61 * DAY, id="months without a 31st"),
        pytest.param("0 0 0 29 2 *", (8 * 365 + 1) * DAY, id="no leap day in 2100"),
    ],
)
def test_the_longest_pause(expression: str, pause: timedelta) -> None:
    """An answer has to live that long, or it is unknown before the next scan."""
    assert longest_pause(expression) == pause


@pytest.mark.parametrize(
    ("expression", "next_hour", "last_hour"),
    [
        ("0 0 * * * *", 13, 12),
        ("0 30 12 * * *", 12.5, -11.5),
        ("0 0 12 * * sun", 36, -132),
        ("0 0 9-11 * * *", 33, 11),
        ("0 0 6 * * 7", None, None),
    ],
)
def test_the_next_time_is_after_now_and_the_last_may_be_now(
    expression: str, next_hour: float | None, last_hour: float | None
) -> None:
    """The page says it before the first scan; an invalid schedule must not break the page."""
    midnight = datetime(2026, 2, 28, tzinfo=UTC)

    found = [next_time(expression, midnight + 12 * HOUR, step) for step in (1, -1)]

    assert found == [
        None if hour is None else midnight + hour * HOUR for hour in (next_hour, last_hour)
    ]


@pytest.mark.parametrize(
    "expression",
    [
        *("", "hourly", "@hourly", "* * * *", "* * * * * * *", "60 * * * * *", "0 0 24 * * *"),
        *("0 0 0 0 * *", "0 0 0 * 13 *", "0 0 0 * * 7", "0 0 0 * * L", "0 0 0 ? * *"),
        *("0 */x * * * *", "0 5/ * * * *", "0 /5 * * * *", "0 , * * * *", "0 5, * * * *"),
        *("0 *-5 * * * *", "0 5- * * * *", "-5 * * * * *", "mon * * * * *", "0 0 0 * * mox"),
        *("0 0 0 31 2 *", "0 0 0 30 feb *", "01:00:00", "0 \u0665 * * * *"),
    ],
)
def test_what_the_host_does_not_take_is_refused(expression: str) -> None:
    """A schedule that is no schedule keeps the timer from being indexed: no scan ever runs."""
    with pytest.raises(ValueError, match=r"."):
        longest_pause(expression)
