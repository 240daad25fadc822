"""What recording a reading changes: steps, and the coverage row after each."""

import sys
from collections import deque
from dataclasses import replace

import pytest

from cmk_check.core.account import Reading
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import CoverageState
from cmk_check.core.gap import Gap
from cmk_check.core.model import VerdictCounts
from cmk_check.core.requirements import VERDICTS
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import (
    FORBIDDEN,
    HOUR,
    ID,
    MAKERS,
    NOON,
    SUBSCRIPTION,
    compared,
    compared_reading,
    context,
    known_of,
    recorded,
    untrusted,
)


@pytest.mark.parametrize("now", [None, *MAKERS])
@pytest.mark.parametrize("before", [None, *MAKERS])
def test_only_what_takes_compliance_back_is_worse(before: str | None, now: str | None) -> None:
    """The status is lowered before such a step is recorded, and for no other step (P1)."""
    known = known_of(*([MAKERS[before](ID)] if before else []))

    difference = compared(known, *([MAKERS[now](ID)] if now else []), at=NOON + HOUR)

    assert VERDICTS.is_worse(difference) == (
        before in {None, "compliant"} and now in {"non_compliant", "unknown"}
    )


def test_a_mark_left_behind_is_a_difference() -> None:
    """A row that stays in recording would make every later scan clear it."""
    known = known_of(bad(ID))
    assert known.coverage is not None
    marked = replace(known, coverage=replace(known.coverage, recording="claim"))

    assert not compared(marked, bad(ID), at=NOON + HOUR).is_empty


@pytest.mark.parametrize("gap", [None, FORBIDDEN])
def test_a_first_recording_in_parts_is_unread_until_the_last(gap: Gap | None) -> None:
    """Half of a subscription, an early gap or an early sum must not look complete (P1)."""
    reading = Reading((bad(ID, "a"), good(ID, "b")), ignored_by_kind={"Face": 2}, gap=gap)
    difference = compared_reading(Known(), reading)

    begun = difference.coverage_after(1, "claim")

    assert (begun.state, begun.gap) == (CoverageState.PENDING, None)
    assert (begun.recording, begun.sequence) == ("claim", 1)
    assert begun.accounts.by_kind == {"OpenAI": VerdictCounts(non_compliant=1)}
    assert begun.accounts.ignored_by_kind == {}
    assert begun.subscription == SUBSCRIPTION
    assert difference.coverage.gap == gap
    assert difference.coverage.accounts.ignored_by_kind == {"Face": 2}


def test_a_recording_in_parts_keeps_what_the_row_said_but_its_sums() -> None:
    """Coverage and its dates change only with the last part."""
    known = recorded(
        compared_reading(
            known_of(good(ID, "a")), Reading(gap=FORBIDDEN), context(status_as_of=NOON)
        )
    )
    had = known.coverage
    assert had is not None
    difference = compared(known, bad(ID, "a"), bad(ID, "b"), at=NOON + HOUR)

    begun = difference.coverage_after(1, "claim")

    assert (begun.state, begun.gap, begun.since) == (had.state, had.gap, had.since)
    assert begun.last_read == NOON
    assert begun.sequence == had.sequence + 1
    assert begun.accounts.non_compliant == 1
    assert difference.coverage.recording is None


def _calls(sizes: list[int]) -> int:
    """Count the calls of Python functions that a first recording in such parts takes."""
    difference = compared(Known(), *(bad(ID, f"n{number}") for number in range(sum(sizes))))
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        deque(difference.partial_coverages(sizes, "claim"), maxlen=0)
    finally:
        sys.setprofile(None)
    return calls


def test_twice_the_parts_are_twice_the_work() -> None:
    """Counting from scratch in each part blocked every other subscription for seconds."""
    assert _calls([50] * 8) <= 2 * _calls([50] * 4)


def test_rows_of_a_newer_version_are_counted_in_every_part() -> None:
    """The rows stay in the table."""
    newer = replace(known_of(odd(ID, "b")), untrusted={"x": replace(untrusted(), kind=None)})

    difference = compared(newer, bad(ID, "a"), at=NOON + HOUR)

    assert difference.coverage_after(0, "claim").accounts.by_kind == {
        "OpenAI": VerdictCounts(unknown=1),
        "unknown": VerdictCounts(unknown=1),
    }
    assert difference.coverage.accounts.by_kind == {
        "OpenAI": VerdictCounts(non_compliant=1),
        "unknown": VerdictCounts(unknown=1),
    }
