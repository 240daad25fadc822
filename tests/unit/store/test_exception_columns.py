"""Exceptions in rows that somebody broke: they accept nothing, and cost only themselves."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.enums import CoverageState, ExceptionReason, Verdict
from cmk_check.core.exceptions.account_exception import AccountException, AnnouncedException
from cmk_check.core.model import AccountCounts, Coverage, Subscription, VerdictCounts
from cmk_check.errors import StoreError
from cmk_check.ports import Scalar
from cmk_check.store import rows
from tests.unit.store.rows_kit import NOON, SUBSCRIPTION, entity, finding

END: Final = NOON + timedelta(days=9)
EXCEPTED: Final = replace(
    finding(),
    exception=AccountException(ExceptionReason.HONOURED, "/e1", expires_on=END),
    announced=AnnouncedException("/e1", END, reminded=14),
)


def test_an_exception_comes_back_as_it_was_written() -> None:
    """What is compared with the next reading must not differ by itself."""
    assert rows.finding_of(entity(rows.finding_values(EXCEPTED))) == EXCEPTED


@pytest.mark.parametrize("broken", ["", "{}", "[]", '{"reason": "generous"}', 5, True])
def test_an_exception_that_cannot_be_read_accepts_nothing(broken: Scalar) -> None:
    """P1, P7: the verdict stands, and the violation counts."""
    values = rows.finding_values(EXCEPTED) | {
        "exceptionDetail": broken,
        "exceptionAnnounced": broken,
    }

    found = rows.finding_of(entity(values))

    assert found.exception is not None
    assert found.exception.reason is ExceptionReason.EXEMPTION_UNREAD
    assert (found.announced, found.judgement.verdict) == (None, Verdict.NON_COMPLIANT)


@pytest.mark.parametrize("count", [-1, 2])
def test_more_exceptions_than_violations_make_a_row_unusable(count: int) -> None:
    """P1: they would make up for violations of other subscriptions."""
    accounts = AccountCounts({"OpenAI": VerdictCounts(0, 1, 0)}, excepted=((END, 1),))
    subscription = Subscription(SUBSCRIPTION, "name", "tenant", "Enabled")
    recorded = Coverage(subscription, CoverageState.READ, NOON, last_read=NOON, accounts=accounts)
    values = rows.coverage_values(recorded)
    document = json.loads(str(values["accounts"]))
    document["excepted"][0][1] = count

    assert rows.coverage_of(entity(values)) == recorded
    with pytest.raises(StoreError):
        rows.coverage_of(entity({**values, "accounts": json.dumps(document)}))
