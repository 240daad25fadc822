"""The host is killed before each step of a scan: nothing is lost and nothing told untruly."""

import pytest

from tests.functional.killed.conftest import PARTS, KillPoints
from tests.functional.killed.proxy import When

pytestmark = pytest.mark.long


@pytest.mark.parametrize("part", range(PARTS))
def test_p1_p3_p9_killed_before_a_step_nothing_is_lost(kill_points: KillPoints, part: int) -> None:
    """The next scan brings every change into the feed once, and tells it under the same id."""
    kill_points.run(kill_points.on(When.BEFORE), part)


def test_p3_p9_the_scan_comes_to_nearly_every_step_again(kill_points: KillPoints) -> None:
    """What a scan takes twice only by chance must stay the exception, or little is proven."""
    kill_points.check_that_nearly_all_died()
