"""Sums of exceptions that end at different times, within the size of a row."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.exceptions.account_exception import expiries, honoured_at

NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)


@pytest.mark.parametrize("times", [0, 1, 50, 51, 90])
def test_what_does_not_fit_ends_early_and_never_late(times: int) -> None:
    """P1: a violation that counts as accepted after the end of its exception is a false green."""
    counted = [(NOW + hour * HOUR, 1 + hour % 3) for hour in range(times)]

    kept = expiries([*counted[::-1], *counted])

    assert len(kept) == min(times, 50)
    for hour in range(-1, times):
        honoured = 2 * sum(count for _, count in counted[hour + 1 :])
        late = hour >= 49 and times > 50
        assert honoured_at(kept, NOW + hour * HOUR) == (0 if late else honoured)
