"""The host is killed in a scan that finds an estate worse: nothing is lost or told untruly."""

import pytest

from tests.functional.killed.conftest import PARTS, KillPoints

CASES = ("worse",)

pytestmark = pytest.mark.long


def test_p3_p9_every_kind_of_write_is_a_place_to_die_at(kill_points: KillPoints) -> None:
    """Those that only other cases have are in their file."""
    kill_points.check_that_each_is_there(
        "scans: take the lease",
        "cmk-slices: send plan",
        "slices: insert",
        "scans: plan stands",
        "cmk-slices: send slice 0",
        "cmk-slices: delete plan",
        "slice 0: claim",
        "findings: mark S1",
        "status: lower",
        "findings: record S1",
        "findings: record S5 (2)",
        "feed: publish S1",
        "cmk-tell: send S1",
        "cmk-changes: send S1",
        "findings: delete the outbox of S1",
        "findings: delete the outbox of S5 (2)",
        "webhook: post S1",
        "cmk-tell: delete S1",
        "slice 0: done",
        "cmk-slices: delete slice 0",
        "scans: finish",
        "slices: delete",
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_p1_p3_p9_killed_at_a_step_nothing_is_lost(kill_points: KillPoints, part: int) -> None:
    """The next scan brings every change into the feed once, and tells it under the same id."""
    kill_points.run(1, part)


def test_p3_p9_the_scan_comes_to_nearly_every_step_again(kill_points: KillPoints) -> None:
    """What a scan takes twice only by chance must stay the exception, or little is proven."""
    kill_points.check_that_nearly_all_died()
