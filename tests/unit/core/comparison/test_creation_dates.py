"""An account's creation date is kept as last read, and never announced alone."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest

from cmk_check.core.account import Account
from cmk_check.core.comparison.judge_accounts import judge_all
from cmk_check.core.requirements import VERDICTS
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import FORBIDDEN, HOUR, ID, KINDS, NOON, compared, known_of

LATER = NOON + HOUR
SPRING, SUMMER = "2026-03-19T21:34:59Z", "2026-07-01T08:00:00Z"


def _dated(account: Account, created_at: str | None = SPRING) -> Account:
    return replace(account, created_at=created_at)


@pytest.mark.parametrize("made", [good, bad, odd])
@pytest.mark.parametrize(("had", "has"), [(None, SPRING), (SPRING, SUMMER), (SPRING, None)])
def test_another_date_is_recorded_and_told_to_nobody(
    made: Callable[[str], Account], had: str | None, has: str | None
) -> None:
    """Rows of earlier versions lack it: adding it must not send an alert for every account."""
    known = known_of(_dated(made(ID), had))

    difference = compared(known, _dated(made(ID), has), at=LATER)

    (step,) = difference.steps
    assert step.changes == ()
    assert step.before is not None
    assert step.after is not None
    assert step.after.judgement.evidence.created_at == has
    evidence = replace(step.after.judgement.evidence, created_at=had)
    assert step.before == replace(
        step.after, judgement=replace(step.after.judgement, evidence=evidence)
    )
    assert (difference.coverage, VERDICTS.is_worse(difference)) == (known.coverage, False)


def test_an_incomplete_reading_refreshes_no_date() -> None:
    """It may only report what got worse, and a date is neither better nor worse."""
    difference = compared(known_of(good(ID)), _dated(good(ID)), at=LATER, gap=FORBIDDEN)

    assert difference.steps == ()


def test_of_two_entries_that_differ_in_it_the_same_one_counts_in_any_order() -> None:
    """The order of an answer varies, and would cause a write in each scan."""
    entries = [_dated(good(ID)), _dated(good(ID), SUMMER), _dated(good(ID), None)]

    chosen = [judge_all(order, KINDS) for order in permutations(entries)]

    assert all(each == chosen[0] for each in chosen)
