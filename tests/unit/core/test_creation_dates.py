"""When Azure created an account: evidence that costs only itself where it is odd."""

from dataclasses import replace

import pytest

from tests.unit.core.account_entries import parse


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2026-03-19T21:34:59Z", "2026-03-19T21:34:59Z"),
        ("2026-03-19T21:34:59.747599+00:00", "2026-03-19T21:34:59Z"),
        ("2026-03-20T02:04:59.9+04:30", "2026-03-19T21:34:59Z"),
        ("2026-03-19T21:34:59", None),
        ("2026-13-19T21:34:59Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-03-19T21:34:59Z" * 99, None),
        ("\ud800", None),
        ("", None),
        (1774042499, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_date_of_creation_that_is_none_costs_only_itself(
    written: object, kept: str | None
) -> None:
    """It has one format, whatever Azure and az write, and no verdict depends on it."""
    account = parse(systemData={"createdAt": written})

    assert account == replace(parse(), created_at=kept)
