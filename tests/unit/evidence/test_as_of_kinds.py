"""What random histories do not show: kinds that change, deleted changes, rows out of use."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import CoverageState
from cmk_check.evidence.as_of import SubscriptionThen, Then, as_of_line
from tests.fakes.world import BEGINNING, World, account, bad, good, sub
from tests.unit.evidence.bundle_kit import NOW
from tests.unit.evidence.estate_kit import Listed, listed

WHERE = sub(1)
HOUR = timedelta(hours=1)


async def _scanned(*readings: Account | None) -> tuple[Listed, list[datetime]]:
    """Scan once for each reading of the subscription; return what is listed, and the times."""
    world, times = World(), []
    world.listed(WHERE)
    for reading in readings:
        world.read(WHERE, *([reading] if reading else []))
        await world.scan()
        times.append(world.clock.now())
    return await listed(world), times


def _then(found: Listed, time: datetime) -> SubscriptionThen:
    (then,) = found.history.as_of(time).subscriptions
    return then


def _kinds(found: Listed, time: datetime) -> list[str | None]:
    return [each.kind for each in _then(found, time).accounts or ()]


async def test_the_kind_is_that_of_the_time() -> None:
    """An upgrade keeps the account, and changes what it is; so does a new one of the same name."""
    upgraded = account(WHERE, "chat", kind="AIServices", key_source="Microsoft.CognitiveServices")

    found, times = await _scanned(bad(WHERE), upgraded, None, bad(WHERE), good(WHERE))

    assert [_kinds(found, time) for time in times] == [
        ["OpenAI"],
        ["AIServices"],
        [],
        ["OpenAI"],
        ["OpenAI"],
    ]
    assert _kinds(_shortened(found, times[0]), times[0]) == ["OpenAI"]


async def test_a_kind_that_no_change_says_is_not_known() -> None:
    """The account had none, or it could not be read."""
    found, times = await _scanned(
        account(WHERE, "chat", kind=None, malformed="The account has no kind."), bad(WHERE)
    )

    assert _kinds(found, times[0]) == [None]
    assert "kind" in str(_then(_shortened(found, times[0]), times[0]).not_known)


async def test_changes_that_are_deleted_for_their_age_are_no_hole() -> None:
    """What nothing has changed since is as it is now, however long ago it was recorded."""
    found, times = await _scanned(bad(WHERE), bad(WHERE), good(WHERE))
    old = _shortened(found, times[1])

    then = _then(old, times[1])

    assert [each.verdict for each in then.accounts or ()] == ["non_compliant"]
    old.changes[0]["time"] = times[1]
    assert "does not keep" in str(_then(old, times[1]).not_known)


async def test_what_is_not_published_yet_is_missing() -> None:
    """The row already counts a change that the feed does not have."""
    found, times = await _scanned(bad(WHERE), good(WHERE))
    found.changes.pop()

    assert "one is missing" in str(_then(found, times[0]).not_known)


@pytest.mark.parametrize("field", ["since", "sequence"])
async def test_a_row_out_of_use_is_not_rebuilt(field: str) -> None:
    """Its values are unknown, so nothing can be undone."""
    found, times = await _scanned(bad(WHERE))
    found.subscriptions[0][field] = None

    assert "row" in str(_then(found, times[0]).not_known)


async def test_a_finding_that_differs_from_its_changes_is_not_rebuilt() -> None:
    """A scan recorded between the requests, or somebody wrote the table."""
    found, times = await _scanned(bad(WHERE), good(WHERE))
    for field, value in (("verdict", "unknown"), ("firstSeen", None)):
        forged = replace(found, findings=[{**found.findings[0], field: value}])
        assert _then(forged, times[0]).accounts is None


async def test_before_the_first_scan_there_is_nothing() -> None:
    """Nothing was recorded, and no scan says otherwise."""
    found, _ = await _scanned(bad(WHERE))

    then = found.history.as_of(BEGINNING)

    assert (then.subscriptions, then.scan) == ((), None)


async def test_counts_that_differ_are_stated() -> None:
    """A scan that counted something else is stated, count by count."""
    found, times = await _scanned(bad(WHERE), good(WHERE))
    found.scans[-1]["accounts"]["total"] = 5

    then = found.history.as_of(times[0])

    assert [tuple(each) for each in then.differences] == [("accounts.total", 1, 5)]
    assert not then.differences_explained


async def test_coverage_that_is_not_told_is_not_known() -> None:
    """A scan counts one more that is excluded: it may have been this one."""
    found, times = await _scanned(bad(WHERE), bad(WHERE))
    found.subscriptions[0] |= {"coverage": "excluded", "since": times[1]}

    assert _then(found, times[0]).coverage is CoverageState.READ
    found.scans.insert(0, {**found.scans[1], "finishedAt": times[1] - HOUR / 2})
    found.scans[0]["subscriptions"] = {**found.scans[0]["subscriptions"], "excluded": 1}
    then = _then(found, times[0])
    assert then.coverage is None
    assert then.accounts
    assert "not told" in str(then.not_known)


def _shortened(found: Listed, time: datetime) -> Listed:
    """Delete the first change, so that another, which is older by days, is the oldest."""
    path = "/scans/1"
    of_scan = {"source": path, "subject": path, "time": time - timedelta(days=2)}
    return replace(found, changes=[{**found.changes[0], **of_scan}, *found.changes[1:]])


def test_the_line_says_what_cannot_be_rebuilt_and_what_differs() -> None:
    """It is what a person reads who does not open the file."""
    subscriptions = (
        SubscriptionThen("a", (), CoverageState.READ),
        SubscriptionThen("b", not_known="a change is missing"),
    )

    assert as_of_line(Then(NOW, subscriptions)) == (
        "as of 2026-11-25T02:40:00Z: 0 accounts of 1 subscriptions; 1 subscriptions cannot be "
        "rebuilt, as-of.json says why; the app keeps no full scan that had finished by then"
    )
