"""The host is killed after each step of a scan: nothing is lost and nothing told untruly."""

import pytest

from tests.functional.killed.conftest import PARTS, KillPoints
from tests.functional.killed.proxy import When

_KINDS = (
    "scans: take the lease",
    "scans: plan stands",
    "slices: insert",
    "slice 0: claim",
    "slice 0: done",
    "status: lower",
    "findings: mark S1",
    "findings: record S1",
    "findings: delete the outbox of S1",
    "feed: publish S1",
    "feed: publish scan",
    "scans: delete the outbox",
    "scans: finish",
    "slices: delete",
    "cmk-slices: send plan",
    "cmk-slices: delete plan",
    "cmk-tell: send S1",
    "cmk-tell: delete S1",
    "cmk-changes: send S1",
    "webhook: post S1",
    "tables: create one",
)

pytestmark = pytest.mark.long


def test_p3_p9_every_kind_of_write_is_a_place_to_die_at(kill_points: KillPoints) -> None:
    """A step that the proxy no longer sees would be a proof of nothing."""
    steps = {point.step for point in kill_points.points}

    assert [kind for kind in _KINDS if kind not in steps] == []
    assert len(kill_points.points) >= 40


@pytest.mark.parametrize("part", range(PARTS))
def test_p1_p3_p9_killed_after_a_step_nothing_is_lost(kill_points: KillPoints, part: int) -> None:
    """The next scan brings every change into the feed once, and tells it under the same id."""
    kill_points.run(kill_points.on(When.AFTER), part)


def test_p3_p9_the_scan_comes_to_nearly_every_step_again(kill_points: KillPoints) -> None:
    """What a scan takes twice only by chance must stay the exception, or little is proven."""
    kill_points.check_that_nearly_all_died()
