"""The short version of ``make soak``: histories of other seeds than those of the long one."""

import pytest

from tests.soak.__main__ import run_all
from tests.soak.tally import UNKNOWN_AT_MOST

HISTORIES = range(100_000, 100_075)


@pytest.mark.long
def test_p1_p3_p9_p11_many_histories_end_in_the_truth() -> None:
    """What nobody thought of is met by chance, if one asks often enough."""
    tally = run_all("memory", HISTORIES)

    assert tally.failed == {}
    assert tally.deaths > len(HISTORIES)
    assert tally.share_unknown < UNKNOWN_AT_MOST


@pytest.mark.parametrize(
    "seeds", [HISTORIES[:10], pytest.param(HISTORIES[10:], marks=pytest.mark.long)], ids=len
)
def test_p1_p3_p9_schedules_never_say_compliant_wrongly(seeds: range) -> None:
    """Workers of several scans take turns at every operation; P1 is checked after every commit."""
    tally = run_all("schedules", seeds)

    assert tally.failed == {}
    assert tally.deaths > len(seeds) / 2
