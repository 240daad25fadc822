"""The short version of ``make soak``: histories of other seeds than those of the long one."""

import asyncio
from datetime import timedelta
from sys import stdout

import pytest

from cmk_check.ports import Table
from tests.soak.__main__ import UNKNOWN_AT_MOST, in_memory, scheduled, silenced, with_a_watch
from tests.soak.minutes import CALM_AT_END, HOURS, Figures, Minutes
from tests.soak.tally import Tally

HISTORIES = range(100_000, 100_075)


@pytest.mark.long
def test_p1_p3_p9_p11_many_histories_end_in_the_truth() -> None:
    """What nobody thought of is met by chance, if one asks often enough."""
    tally = in_memory(HISTORIES, stdout.write)

    assert tally.failed == {}
    assert tally.deaths > len(HISTORIES)
    assert tally.sound.share < UNKNOWN_AT_MOST


@pytest.mark.parametrize(
    "seeds", [HISTORIES[:10], pytest.param(HISTORIES[10:], marks=pytest.mark.long)], ids=len
)
def test_p1_p3_p9_schedules_never_say_compliant_wrongly(seeds: range) -> None:
    """Workers of several scans take turns at every operation; P1 is checked after every commit."""
    tally = scheduled(seeds, stdout.write)

    assert tally.failed == {}
    assert tally.deaths > len(seeds) / 2


@pytest.mark.parametrize(
    "seeds", [HISTORIES[1:3], pytest.param(HISTORIES[:30], marks=pytest.mark.long)], ids=len
)
def test_p1_p3_p11_whatever_falls_silent_is_seen_by_the_next_scan(seeds: range) -> None:
    """A muted feed, a receiver that is away, gaps without a name and a late worker, all at once."""
    tally = silenced(seeds, stdout.write)

    assert tally.failed == {}
    assert tally.deaths > 0


@pytest.mark.parametrize(
    "seeds",
    [range(100_007, 100_008), pytest.param(HISTORIES[:10], marks=pytest.mark.long)],
    ids=len,
)
def test_p1_p3_p4_a_watch_tells_within_minutes_and_once(seeds: range) -> None:
    """Half is told by the first look after Azure knows, nearly all by the second.

    What Azure never tells is told by the next full scan.
    """
    tally, figures = with_a_watch(seeds, stdout.write)

    assert tally.failed == {}
    assert tally.deaths > 0
    assert figures.is_soon
    assert figures.partial_scans > 2 * HOURS
    assert len(figures.lost) > 0


def test_p4_a_quiet_estate_costs_sixty_queries_an_hour_and_no_write_of_a_finding() -> None:
    """P4: nothing is written but the row of the watch and those of full scans."""
    quiet = Minutes(0, Tally(), Figures())

    asyncio.run(quiet.run(hours=2, changes=0))

    written = {operation.table for operation in quiet.store.log[quiet.first :] if operation.writes}
    assert 2 * len(quiet.graph.asked) <= 60 * (2 + CALM_AT_END / timedelta(hours=2))
    assert (quiet.figures.partial_scans, written) == (0, {Table.SCANS})
