"""When projects are read again: once a day, at a time that follows from the account's id."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.comparison.carried_scopes import is_due, last_due
from tests.unit.core.examples import HOUR, NOON

DAY: Final = timedelta(days=1)
_TIMES: Final = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the time zone
_STEPS: Final = st.lists(st.timedeltas(timedelta(seconds=1), 2 * DAY), max_size=30)


@given(st.text(), _TIMES, _STEPS)
def test_p1_what_is_shown_is_never_newer_than_the_reading_and_no_reading_is_carried_for_a_day(
    account_id: str, began: datetime, steps: list[timedelta]
) -> None:
    """Whatever the times at which scans begin, regular or not."""
    until = read = began
    for step in steps:
        now = until + step
        if is_due(account_id, until, now):
            read = now
        until = now

        assert last_due(account_id, until) <= read
        assert now - read < DAY


def test_a_day_of_scans_reads_each_account_once_and_about_as_many_in_each() -> None:
    """A scan in which all were due would be as slow as if none had been carried over."""
    ids = [f"/subscriptions/{number}" for number in range(2_400)]
    read = [
        account_id
        for hour in range(24)
        for account_id in ids
        if is_due(account_id, NOON + hour * HOUR, NOON + (hour + 1) * HOUR)
    ]
    at_once = Counter(last_due(account_id, NOON) for account_id in ids)

    assert sorted(read) == sorted(ids)
    hours = Counter(due.hour for due in at_once.elements())
    assert len(hours) == 24
    assert max(hours.values()) < 150


@given(st.text())
def test_p1_where_the_time_of_the_last_scan_is_not_known_or_in_the_future_all_is_read(
    account_id: str,
) -> None:
    """A clock that ran ahead would otherwise put off every reading until that time."""
    assert is_due(account_id, None, NOON)
    assert is_due(account_id, NOON + timedelta(seconds=1), NOON)
    assert not is_due(account_id, NOON, NOON)
