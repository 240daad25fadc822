"""An exception that ends between scans: every response reflects it from that minute on."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.enums import ExceptionMode, ExceptionReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.posture import Expectations
from tests.unit.web.api_kit import MAX_AGE, NOON, Served, finding, recorded
from tests.unit.web.asgi_client import send

END: Final = NOON + timedelta(hours=1)
SECOND: Final = timedelta(seconds=1)
EXPECT: Final = Expectations(MAX_AGE, exceptions=ExceptionMode.ACCEPT)


@pytest.fixture
async def excepted() -> Served:
    """Storage with two violations: one is accepted until ``END``, of the other nothing is known."""
    honoured = AccountException(ExceptionReason.HONOURED, "/e1", expires_on=END)
    return await recorded(replace(finding("until"), exception=honoured), finding("none"))


@pytest.mark.parametrize(
    ("time", "state", "reason", "count"),
    [(END - SECOND, "honoured", "honoured", 1), (END, "not_honoured", "expired", 0)],
)
async def test_lists_counts_and_metrics_follow_the_clock(
    excepted: Served, time: datetime, state: str, reason: str, count: int
) -> None:
    """P1: an ended exception never counts anywhere."""
    app, excepted.clock.time = excepted.app(expect=EXPECT), time

    found = {
        choice: (await send(app, f"/api/v1/findings?exception={choice}")).json["value"]
        for choice in ("honoured", "not_honoured", "none")
    }
    status = (await send(app, "/api/v1/status")).json
    metrics = (await send(app, "/api/v1/metrics")).body.decode()

    [entry] = found.pop(state)
    assert (entry["name"], entry["exception"]["reason"]) == ("until", reason)
    assert entry["exception"]["honoured"] is bool(count)
    names = [[each["name"] for each in entries] for entries in found.values()]
    assert sorted(names) == [[], ["none"]]
    assert status["accounts"]["excepted"] == count
    assert f"\ncmkcheck_accounts_excepted {count}.0\n" in metrics


async def test_whoever_knows_the_status_is_told_of_the_end(excepted: Served) -> None:
    """A 304 would hide it from a page that polls every minute."""
    app = excepted.app(expect=EXPECT)
    known = {"if-none-match": (await send(app, "/api/v1/status")).headers["etag"]}
    excepted.clock.time = END - SECOND
    before = await send(app, "/api/v1/status", known)
    excepted.clock.time = END

    after = await send(app, "/api/v1/status", known)

    assert (before.status, after.status) == (304, 200)
