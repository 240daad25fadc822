"""The other parts of a posture: sentences for people, and its date."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.enums import CoverageState, PostureReason, ScanState, Trigger
from cmk_check.core.posture import Expectations, as_of, of_estate, of_subscription
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.core.status import LastScan, Status
from cmk_check.limits import CLOCK_TOLERANCE
from tests.unit.core.examples import FORBIDDEN, HOUR, NOON
from tests.unit.core.test_posture import AGE, EXPECT, SECOND, coverage_of, leaving_out, status_of

R = PostureReason
FAILED = LastScan("s", ScanState.FAILED, Trigger.TIMER, NOON, NOON, "Why.")


NOTES: Final[list[tuple[Status, timedelta, PostureReason, str | None]]] = [
    (status_of((0, 0, 0)), timedelta(), R.NO_ACCOUNTS_IN_SCOPE, None),
    (status_of((2, 3, 2)), timedelta(), R.ACCOUNTS_NON_COMPLIANT, "3 of 7"),
    (status_of((3, 0, 0), keys=(1, 0, 2, 0)), timedelta(), R.KEYS_BROKEN, "2 of 3"),
    (status_of(), timedelta(), R.KEYS_UNKNOWN, "2 of 2"),
    (status_of(subscriptions=(1, 2, 0, 0)), timedelta(), R.SUBSCRIPTIONS_UNREAD, "2 of 3"),
    (
        status_of(subscriptions=(1, 1999, 0, 0)),
        timedelta(),
        R.SUBSCRIPTIONS_UNREAD,
        "1,999 of 2,000",
    ),
    (
        leaving_out(status_of(), OpenAI=9, aiservices=1, Face=2),
        timedelta(),
        R.KINDS_EXCLUDED,
        "AIServices: 1, OpenAI: 9",
    ),
    (status_of(subscriptions=(2, 0, 1, 0)), timedelta(), R.SUBSCRIPTIONS_EXCLUDED, "1 of 3"),
    (status_of(subscriptions=(0, 0, 0, 1)), timedelta(), R.NO_SUBSCRIPTION_VISIBLE, "1 visible"),
    (status_of(visible=1), timedelta(), R.FEWER_SUBSCRIPTIONS_THAN_EXPECTED, "1 of at least 2"),
    (
        replace(status_of(), group_unread=FORBIDDEN),
        timedelta(),
        R.MANAGEMENT_GROUP_UNREAD,
        f"forbidden, missing {FORBIDDEN.missing_action}",
    ),
    (status_of(), AGE + SECOND, R.STALE, "it began more than 180 minutes ago"),
    (status_of(), -CLOCK_TOLERANCE - SECOND, R.CLOCK_SKEW, None),
]


@pytest.mark.parametrize(
    ("status", "age", "reason", "note"), NOTES, ids=lambda part: str(part)[:40]
)
def test_each_reason_has_its_sentence_and_its_counts(
    status: Status, age: timedelta, reason: PostureReason, note: str | None
) -> None:
    """People read the sentence, not the code; the counts say how much there is to do (P11)."""
    posture = of_estate(
        status, NOON + age, Expectations(AGE, 2, requires=frozenset({HEALTHY_KEYS}))
    )

    assert dict(posture.reasons)[reason] == POSTURE_REASONS[reason].text(note)


@pytest.mark.parametrize(
    ("state", "last_scan", "expected"),
    [
        (CoverageState.READ, NOON + HOUR, NOON + HOUR),
        (CoverageState.READ, None, NOON),
        (CoverageState.GAP, NOON + HOUR, NOON),
        (CoverageState.PENDING, NOON + HOUR, NOON),
        (CoverageState.EXCLUDED, NOON + HOUR, NOON),
        (CoverageState.RETIRED, NOON + HOUR, NOON + HOUR),
        (CoverageState.RETIRED, None, None),
    ],
)
def test_what_was_not_read_keeps_the_time_of_its_last_reading(
    state: CoverageState, last_scan: datetime | None, expected: datetime | None
) -> None:
    """This hour's scan proves nothing about accounts that were read a week ago (P1)."""
    coverage = replace(coverage_of(state), last_read=NOON)

    assert as_of(coverage, Status(last_scan)) == expected


def test_a_first_recording_that_has_not_ended_says_what_completes_it() -> None:
    """There is no gap yet that could say it (P11)."""
    posture = of_subscription(coverage_of(CoverageState.PENDING), status_of(), NOON, EXPECT)

    ((code, text),) = posture.reasons
    assert code is R.SUBSCRIPTIONS_UNREAD
    assert "the next scan completes it" in text
