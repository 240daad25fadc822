"""Rows of a newer version and broken rows: what is not ours is not guessed at."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import (
    CoverageState,
)
from cmk_check.core.model import Coverage
from cmk_check.limits import MAX_SEQUENCE
from cmk_check.ports import Entity, Scalar, StoreError
from cmk_check.store import codec, row_times
from tests.unit.store.rows_kit import NOON, SUBSCRIPTION, entity, finding


@pytest.mark.parametrize(
    ("schema", "is_newer"), [(0, False), (1, False), (2, True), (None, False), ("2", False)]
)
def test_a_row_of_a_newer_version_is_told_by_its_number(
    schema: Scalar | None, *, is_newer: bool
) -> None:
    """A rollback must not overwrite what it cannot read; without a number a row is broken."""
    values = {} if schema is None else {"schema": schema}

    assert codec.is_too_new(Entity("p", "r", "e", values)) == is_newer


def _at(time: str) -> str:
    """Return a history with one transition."""
    return (
        f'[{{"at":"{time}","verdict":"compliant","reason":"customer_managed_key","scan_id":"s"}}]'
    )


_BROKEN: Final[dict[str, tuple[str, Scalar | None]]] = {
    "no schema": ("schema", None),
    "text for a schema": ("schema", "1"),
    "missing name": ("name", None),
    "number for a text": ("accountId", 7),
    "text for a number": ("changes", "2"),
    "no time": ("firstSeen", "yesterday"),
    "no optional time": ("violatedSince", ""),
    "no JSON": ("history", "{"),
    "other JSON": ("tags", "[1]"),
    "no key health": ("keyDetail", '{"rotation":"pinned"}'),
    "time without a zone": ("changedAt", "2026-11-25T12:00:00"),
    "time before the first": ("firstSeen", "0001-01-01T00:00:00+14:00"),
    "time after the last": ("violatedSince", "9999-12-31T23:59:59-14:00"),
    "the time that stands for none": ("firstSeen", "1970-01-01T00:00:00+00:00"),
    "history without a zone": ("history", _at("2026-11-25T12:00:00")),
    "history before the first time": ("history", _at("0001-01-01T00:00:00+14:00")),
    "key that expires after the last time": (
        "keyDetail",
        '{"state":"healthy","expires":"9999-12-31T23:59:59-14:00"}',
    ),
}


@pytest.mark.parametrize(("name", "value"), _BROKEN.values(), ids=_BROKEN)
def test_a_broken_row_says_which_and_how_to_heal_it(name: str, value: Scalar | None) -> None:
    """Somebody edited the table by hand; that costs one row, and says which (P7, P11)."""
    values = codec.finding_values(finding())
    values.pop(name, None)
    if value is not None:
        values[name] = value

    with pytest.raises(StoreError, match=f"chat: {name} is .*; delete the row to repair it"):
        codec.finding_of(entity(values, row="finding|rg|chat"))


def test_a_time_must_leave_room_for_what_is_added_to_it() -> None:
    """A year is: for ages and retention."""
    last = datetime(9999, 1, 1, tzinfo=UTC)

    assert row_times.is_usable_time(last - timedelta(seconds=1))
    assert not row_times.is_usable_time(last)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, time)
            for name in ("since", "lastRead")
            for time in ("0001-01-01T00:00:00+14:00", "2026-11-25T12:00:00", "soon")
        ),
        ("coverage", "unheard of"),
        ("subscriptionId", "unheard of"),
        ("sequence", MAX_SEQUENCE + 1),  # it could name no row of the outbox
    ],
)
def test_a_broken_coverage_row_is_rebuilt(name: str, value: Scalar) -> None:
    """No list may fail because of it, and nobody has to do anything."""
    coverage = Coverage(Subscription(SUBSCRIPTION), CoverageState.READ, NOON, sequence=MAX_SEQUENCE)
    values = codec.coverage_values(coverage)
    assert codec.coverage_of(entity(values)) == coverage

    with pytest.raises(StoreError, match=f"{name} .*the next scan rebuilds the row"):
        codec.coverage_of(entity(values | {name: value}))
