"""How long an answer asks to be left alone."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from cmk_check.net.retry_after import retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "17"}, 17),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "1.5"}, 1.5),
        ({"x-ms-retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "1000"}, 1),
        ({"x-ms-user-quota-resets-after": "00:00:05"}, 5),
        ({"x-ms-user-quota-resets-after": "01:02:03"}, 3723),
        ({"x-ms-user-quota-resets-after": "00:00:05", "retry-after": "9"}, 9),
        ({"x-ms-user-quota-resets-after": "5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
    ],
)
def test_pause_asked_for(headers: dict[str, str], seconds: float | None) -> None:
    """What cannot be read counts as not said."""
    assert retry_after(headers) == seconds


def test_pause_asked_for_by_date() -> None:
    """A date is taken from now on."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert retry_after({"retry-after": date}) == pytest.approx(60, abs=2)
