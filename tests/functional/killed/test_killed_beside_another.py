"""One of two hosts is killed, and the other goes on: nothing is lost and nothing told untruly."""

import pytest

from tests.functional.killed.conftest import PARTS, KillPoints

CASES = ("worse",)

pytestmark = pytest.mark.long


@pytest.mark.parametrize("part", range(PARTS))
def test_p1_p3_p9_killed_beside_another_nothing_is_lost(kill_points: KillPoints, part: int) -> None:
    """Slices overlap, and each change is in the feed once all the same."""
    kill_points.run(2, part)


def test_p3_p9_the_scan_comes_to_nearly_every_step_again(kill_points: KillPoints) -> None:
    """What a scan takes twice only by chance must stay the exception, or little is proven."""
    kill_points.check_that_nearly_all_died()
