"""Comparing coverage: how far a subscription is known, since when, and the row in each part."""

import sys
from collections import deque
from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.account import Reading, Subscription
from cmk_check.core.comparison.compare import compare_unread
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.enums import ChangeType, CoverageState, Disposition, GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.model import VerdictCounts
from cmk_check.core.requirements import VERDICTS
from cmk_check.core.rule import RULE_VERSION
from tests.fakes.keys import DISABLED
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

THROTTLED: Final = Gap(GapReason.THROTTLED, detail="Wait.")


def unread(known: Known, disposition: Disposition) -> Difference:
    """Compare a subscription that is not read."""
    return compare_unread(known, SUBSCRIPTION, disposition, context(NOON + HOUR))


KNOWN: Final = {
    "absent": Known(),
    "read": known_of(),
    "excluded": recorded(unread(Known(), Disposition.EXCLUDED)),
    "retired": recorded(unread(Known(), Disposition.RETIRED)),
    "unread": Known(compared(Known()).build_coverage_after(0, "claim")),
}


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_coverage_is_lost_from_every_state_but_a_gap(known: Known) -> None:
    """A blind spot must be announced, and only once; what was none is not announced as ended."""
    had = known.coverage.sequence if known.coverage else 0

    difference = compared(known, at=NOON + HOUR, gap=THROTTLED)

    change = difference.coverage_change
    assert change is not None
    assert change.type is ChangeType.COVERAGE_LOST
    assert change.sequence == difference.coverage.sequence == had + 1
    assert change.subject == change.source == f"/subscriptions/{ID}"
    assert change.id.startswith("change-")
    assert change.time == NOON + HOUR
    before_it = known.coverage and {
        "coverage": known.coverage.state,
        "reason": None,
        "missingAction": None,
    }
    assert change.data == {
        "subscriptionName": SUBSCRIPTION.name,
        "tenantId": SUBSCRIPTION.tenant_id,
        "before": before_it,
        "after": {"coverage": "gap", "reason": "throttled", "missingAction": None},
        "scanId": context(NOON + HOUR).scan_id,
        "ruleVersion": RULE_VERSION,
        "baseline": False,
    }
    assert difference.coverage.since == NOON + HOUR
    assert VERDICTS.is_worse(difference)
    assert compared(known, at=NOON + HOUR).coverage_change is None


def test_changes_of_a_reading_have_separate_ids_and_numbers() -> None:
    """With a duplicate or missing one, nobody could tell whether a change was lost (P3)."""
    known = known_of(bad(ID, "z"))

    lost = compared(known, bad(ID, "a"), good(ID, "b"), gap=FORBIDDEN, keys=DISABLED)

    assert lost.coverage_change is not None
    changes = [change for step in lost.steps for change in step.changes]
    numbers = [change.sequence for change in (*changes, lost.coverage_change)]
    assert numbers == [2, 3, 4, 5]
    assert len({change.id for change in (*changes, lost.coverage_change)}) == 4
    assert lost.coverage.sequence == 5


def test_coverage_is_regained_from_a_gap() -> None:
    """The end of what was announced is announced, and lowers nothing."""
    difference = compared(recorded(compared(Known(), gap=FORBIDDEN)), at=NOON + HOUR)

    change = difference.coverage_change
    assert change is not None
    assert change.type is ChangeType.COVERAGE_REGAINED
    assert change.data["before"] == {
        "coverage": "gap",
        "reason": "forbidden",
        "missingAction": FORBIDDEN.missing_action,
    }
    assert difference.coverage.gap is None
    assert difference.coverage.since == NOON + HOUR
    assert not VERDICTS.is_worse(difference)


@pytest.mark.parametrize("disposition", [Disposition.EXCLUDED, Disposition.RETIRED])
def test_findings_of_a_subscription_that_is_no_longer_watched_are_removed(
    disposition: Disposition,
) -> None:
    """Otherwise they would keep their last state forever; the change says why they were removed."""
    difference = unread(known_of(bad(ID, "a"), good(ID, "b")), disposition)

    assert [step.changes[0].type for step in difference.steps] == [ChangeType.ACCOUNT_REMOVED] * 2
    assert {step.changes[0].data["removed"] for step in difference.steps} == {
        f"subscription_{disposition}"
    }
    assert difference.coverage.state == disposition.value
    assert difference.coverage.accounts.total == 0
    assert difference.coverage_change is None
    assert unread(recorded(difference), disposition).is_empty


def test_a_subscription_no_longer_listed_keeps_its_findings() -> None:
    """A lost role assignment looks the same as a deleted subscription (P2)."""
    known = known_of(bad(ID))

    difference = unread(known, Disposition.NOT_VISIBLE)

    assert difference.coverage.gap is not None
    assert difference.coverage.gap.reason is GapReason.NOT_VISIBLE
    assert "CMK_EXCLUDE_SUBSCRIPTIONS" in (difference.coverage.gap.detail or "")
    assert recorded(difference).findings == known.findings
    assert difference.coverage.accounts.unread == 1


def test_a_new_name_is_recorded_and_not_told_and_a_name_that_is_gone_is_remembered() -> None:
    """A rename does not change the encryption; a bare id does not help to restore the access."""
    renamed = replace(SUBSCRIPTION, name="Prod")

    difference = compared_reading(known_of(), Reading(), subscription=renamed)
    nameless = compare_unread(known_of(), Subscription(ID), Disposition.NOT_VISIBLE, context())

    assert difference.coverage.subscription.name == "Prod"
    assert (difference.steps, difference.coverage_change) == ((), None)
    assert not difference.is_empty
    assert nameless.coverage.subscription == SUBSCRIPTION


def test_a_gap_that_lasts_is_no_change() -> None:
    """Azure's wording varies (P4); for another reason, the remedy changes, but not the start."""
    known = recorded(compared(known_of(bad(ID)), at=NOON, gap=FORBIDDEN))

    reworded = compared(known, at=NOON + HOUR, gap=replace(FORBIDDEN, detail="Correlation 8f1e."))
    other = compared(known, at=NOON + HOUR, gap=THROTTLED)

    assert reworded.is_empty
    assert not VERDICTS.is_worse(reworded)
    assert (other.coverage.gap, other.coverage.since) == (THROTTLED, NOON)
    assert (other.steps, other.coverage_change) == ((), None)
    assert not other.is_empty


def test_a_gap_keeps_the_time_of_the_last_complete_reading() -> None:
    """An old "compliant" must never look new (P1)."""
    read_at = NOON - 2 * HOUR
    unread = Reading(gap=FORBIDDEN)
    lost = compared_reading(known_of(good(ID)), unread, context(status_as_of=read_at))
    later = compared_reading(recorded(lost), unread, context(status_as_of=NOON))
    regained = compared(recorded(lost), good(ID), at=NOON + HOUR)

    assert lost.coverage.last_read == read_at
    assert later.is_empty
    assert regained.coverage.last_read is None


def test_what_an_incomplete_reading_did_not_bring_is_counted_as_unread() -> None:
    """It stays in the sums with its last known state, and is marked as unread."""
    known = known_of(good(ID, "a"), good(ID, "b"), bad(ID, "c"))

    difference = compared(known, bad(ID, "a"), bad(ID, "d"), gap=FORBIDDEN)

    accounts = difference.coverage.accounts
    assert accounts.unread == 2
    assert accounts.by_kind == {"OpenAI": VerdictCounts(1, 3, 0)}
    assert accounts.by_reason == {"customer_managed_key": 1, "microsoft_managed_key": 3}


def test_accounts_of_other_kinds_are_counted_and_kept_through_a_gap() -> None:
    """They are out of scope, not unreadable."""
    read = Reading(ignored_by_kind={"SpeechServices": 3, "Face": 1})
    known = recorded(compared_reading(Known(), read))

    lost = compared(known, gap=FORBIDDEN)

    assert lost.coverage.accounts.ignored_by_kind == {"Face": 1, "SpeechServices": 3}
    assert lost.coverage.accounts.total == 0


@pytest.mark.parametrize("gap", [None, FORBIDDEN])
def test_a_row_of_a_newer_version_is_left_alone_and_unknown(gap: Gap | None) -> None:
    """P1, P7: an old version that runs for a while loses nothing, and still judges the others."""
    newer = Known(None, {}, {str(good(ID).id): untrusted()})

    difference = compared(newer, good(ID), bad(ID, "other"), gap=gap)

    assert [step.finding.id.name for step in difference.steps] == ["other"]
    accounts = difference.coverage.accounts
    assert accounts.by_kind == {"OpenAI": VerdictCounts(unknown=1, non_compliant=1)}
    assert accounts.by_reason == {"microsoft_managed_key": 1, "row_too_new": 1}
    assert accounts.unread == 0


def test_a_baseline_silences_accounts_and_never_a_gap() -> None:
    """The first scan announces its findings as one change, but a blind spot at once."""
    quiet = context(baseline=True)

    difference = compared_reading(Known(), Reading((bad(ID),), gap=FORBIDDEN), quiet)

    assert difference.steps[0].changes[0].data["baseline"] is True
    assert difference.coverage_change is not None
    assert difference.coverage_change.data["baseline"] is False
    assert difference.coverage.state is CoverageState.GAP


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

    begun = difference.build_coverage_after(1, "claim")

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

    begun = difference.build_coverage_after(1, "claim")

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

    assert difference.build_coverage_after(0, "claim").accounts.by_kind == {
        "OpenAI": VerdictCounts(unknown=1),
        "unknown": VerdictCounts(unknown=1),
    }
    assert difference.coverage.accounts.by_kind == {
        "OpenAI": VerdictCounts(non_compliant=1),
        "unknown": VerdictCounts(unknown=1),
    }
