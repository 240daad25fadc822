"""The host is killed in scans of other cases: nothing is lost and nothing told untruly.

All gets better while a scan takes over from a dead one, an estate is scanned for the first time, a
key alone breaks, an exception alone ends.
"""

import pytest

from tests.functional.killed.conftest import PARTS, KillPoints

CASES = ("better", "first", "key", "ended")

pytestmark = pytest.mark.long


def test_p3_p9_every_kind_of_write_is_a_place_to_die_at(kill_points: KillPoints) -> None:
    """Those that no scan has which finds an estate worse."""
    kill_points.check_that_each_is_there(
        "scans: take the lease from a dead scan",
        "feed: publish scan",
        "feed: publish S5 (2)",
        "feed: publish scan (2)",
        "scans: delete the outbox",
        "scans: delete the outbox (2)",
        "webhook: post scan",
        "tables: create one",
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_p1_p3_p9_killed_at_a_step_nothing_is_lost(kill_points: KillPoints, part: int) -> None:
    """The next scan brings every change into the feed once, and tells it under the same id."""
    kill_points.run(1, part)


def test_p3_p9_the_scan_comes_to_nearly_every_step_again(kill_points: KillPoints) -> None:
    """What a scan takes twice only by chance must stay the exception, or little is proven."""
    kill_points.check_that_nearly_all_died()
