"""What random histories do not show: kinds that change, deleted changes, rows out of use."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cmk_check.core.enums import CoverageState, KeyState, Reason, Verdict
from cmk_check.evidence.as_of import (
    AccountThen,
    Difference,
    SubscriptionThen,
    Then,
    as_of_line,
    build_as_of_document,
)
from cmk_check.evidence.bundle import pieces
from cmk_check.web import models
from tests.fakes.world import account, bad, good
from tests.unit.accepted import check_accepted
from tests.unit.evidence.bundle_kit import NOW
from tests.unit.evidence.estate_kit import WHERE, Listed, scanned

HOUR = timedelta(hours=1)


def _then(found: Listed, time: datetime) -> SubscriptionThen:
    (then,) = found.history.rebuild_at(time).subscriptions
    return then


def _kinds(found: Listed, time: datetime) -> list[str | None]:
    return [each.kind for each in _then(found, time).accounts or ()]


async def test_the_kind_is_that_of_the_time() -> None:
    """An upgrade keeps the account, and changes what it is; so does a new one of the same name."""
    upgraded = account(WHERE, "chat", kind="AIServices", key_source="Microsoft.CognitiveServices")

    found, times = await scanned(bad(WHERE), upgraded, None, bad(WHERE), good(WHERE))

    then = [_kinds(found, time) for time in times]
    assert then == [["OpenAI"], ["AIServices"], [], ["OpenAI"], ["OpenAI"]]
    assert _kinds(_shortened(found, times[0]), times[0]) == ["OpenAI"]


async def test_a_kind_that_no_change_says_is_not_known() -> None:
    """The account had none, or it could not be read."""
    found, times = await scanned(
        account(WHERE, "chat", kind=None, malformed="The account has no kind."), bad(WHERE)
    )

    assert _kinds(found, times[0]) == [None]
    assert "kind" in str(_then(_shortened(found, times[0]), times[0]).not_known)


async def test_a_change_that_is_missing_between_others_was_not_deleted_for_its_age() -> None:
    """The oldest are deleted first, so that an older one proves that somebody took it away."""
    found, times = await scanned(bad(WHERE), good(WHERE), bad(WHERE))
    old = _shortened(replace(found, changes=[found.changes[0], *found.changes]), times[1])
    del old.changes[3]

    assert "does not have all changes" in str(_then(old, times[1]).not_known)


async def test_changes_that_are_deleted_for_their_age_are_no_hole() -> None:
    """What nothing has changed since is as it is now, however long ago it was recorded."""
    found, times = await scanned(bad(WHERE), bad(WHERE), good(WHERE))
    old = _shortened(found, times[1])

    then = _then(old, times[1])

    assert [each.verdict for each in then.accounts or ()] == ["non_compliant"]
    old.changes[0]["time"] = times[1]
    assert "does not have all changes" in str(_then(old, times[1]).not_known)


async def test_a_change_of_a_newer_app_is_not_undone() -> None:
    """What this program does not know, it does not guess."""
    found, times = await scanned(bad(WHERE), good(WHERE))
    found.changes[-1]["data"]["before"]["verdict"] = "shiny"

    assert "a change has an unknown form" in str(_then(found, times[0]).not_known)


@pytest.mark.parametrize("field", ["since", "sequence"])
async def test_a_row_out_of_use_is_not_rebuilt(field: str) -> None:
    """Its values are unknown, so nothing can be undone."""
    found, times = await scanned(bad(WHERE))
    found.subscriptions[0][field] = None

    assert "row" in str(_then(found, times[0]).not_known)


async def test_a_finding_that_differs_from_its_changes_is_not_rebuilt() -> None:
    """A scan recorded between the requests, or somebody wrote the table."""
    found, times = await scanned(bad(WHERE), good(WHERE))
    for field, value in (("verdict", "unknown"), ("firstSeen", None)):
        forged = replace(found, findings=[{**found.findings[0], field: value}])
        assert _then(forged, times[0]).accounts is None


async def test_what_contradicts_the_changes_is_not_rebuilt() -> None:
    """A change or a row is missing, or is of another time: nothing can be said for sure."""
    found, times = await scanned(bad(WHERE), good(WHERE), bad(WHERE))
    one, two = times[0], times[-1]
    _, _, *account_changes = found.changes
    account_changes[0]["data"]["after"] = {"verdict": "unknown", "reason": "malformed"}

    assert "contradict" in str(_then(found, one).not_known)
    found.subscriptions[0]["sequence"] = 2
    assert "was recording the subscription" in str(_then(found, two).not_known)
    found.subscriptions.clear()
    assert "no longer lists the subscription" in str(_then(found, two).not_known)


@pytest.mark.parametrize("before", [None, "read"])
async def test_an_account_that_is_newer_than_its_changes_is_not_rebuilt(before: str | None) -> None:
    """Nor is one that was there before its subscription was."""
    found, times = await scanned(bad(WHERE))
    del found.changes[0]
    place = f"/subscriptions/{WHERE}"
    data = {"sequence": 1, "before": before and {"coverage": before}, "after": {"coverage": "gap"}}
    gap = {**found.changes[0], "source": place, "subject": place, "data": data}
    found.changes.append({**gap, "time": times[0] + HOUR})
    found.subscriptions[0] |= {"since": times[0] + HOUR, "coverage": "gap"}
    if before:
        found.findings[0]["changedAt"] = times[0] + HOUR

    said = (
        "a change is missing"
        if before
        else "the subscription has accounts from before it was recorded"
    )
    assert said in str(_then(found, times[0]).not_known)


async def test_counts_that_differ_are_stated() -> None:
    """A scan that counted something else is stated, count by count."""
    found, times = await scanned(bad(WHERE), good(WHERE))
    found.scans[-1]["accounts"]["total"] = 5

    then = found.history.rebuild_at(times[0])

    assert [tuple(each) for each in then.differences] == [("accounts.total", 1, 5)]
    assert not then.differences_explained
    found.scans[0]["scope"] = "partial"
    found.scans[-1]["startedAt"] = times[0] - HOUR
    now, early = (found.history.rebuild_at(time).scan for time in (times[1], times[0] - HOUR / 2))
    assert now is not None
    assert (now.id, early) == (found.scans[-1]["id"], None)
    del found.scans[0], found.changes[0]
    assert found.history.rebuild_at(times[1]).differences_explained  # as of the end of the scan


def _shortened(found: Listed, time: datetime) -> Listed:
    """Delete the first change, so that another, which is older by days, is the oldest."""
    path = "/scans/1"
    of_scan = {"source": path, "subject": path, "time": time - timedelta(days=2)}
    return replace(found, changes=[{**found.changes[0], **of_scan}, *found.changes[1:]])


def test_line_and_document_say_whether_a_scan_has_the_same_counts() -> None:
    """Who compares them must know with which scan."""
    values: dict[str, Any] = {"id": "S", "finished_at": NOW}
    same = Then(NOW, (), models.Scan.model_construct(**values))
    other = replace(same, differences=(Difference("accounts.total", 1, 2),))

    assert as_of_line(same).endswith(": 0 accounts of 0 subscriptions; their counts match scan S")
    assert as_of_line(other).endswith("differ from scan S: accounts.total 1 instead of 2")
    compared = build_as_of_document(same)["comparedWith"]
    assert compared == {"scanId": "S", "finishedAt": "2026-11-25T02:40:00Z"}


def test_the_line_says_what_cannot_be_rebuilt_and_the_document_says_why() -> None:
    """The line is what a person reads who does not open the file."""
    judged = Verdict.COMPLIANT, Reason.CUSTOMER_MANAGED_KEY, KeyState.BROKEN
    subscriptions = (
        SubscriptionThen("a", (AccountThen("/a/chat", "OpenAI", *judged),), CoverageState.READ),
        SubscriptionThen("b", not_known="a change is missing"),
    )
    then = Then(NOW, subscriptions, differences=(Difference("accounts.total", 1, 2),))

    assert as_of_line(then) == (
        "as of 2026-11-25T02:40:00Z: 1 accounts of 1 subscriptions; 1 subscriptions cannot be "
        "rebuilt, as-of.json shows why; the app has no full scan that finished by then"
    )
    document = json.loads(b"".join(pieces(build_as_of_document(then))))
    check_accepted(Path(__file__).parent / "golden" / "as-of.json", document)
