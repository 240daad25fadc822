"""The short version of ``make soak``: histories of other seeds than those of the long one."""

import asyncio
from datetime import timedelta
from sys import stdout

import pytest

from cmk_check.ports import Table
from tests.soak.__main__ import UNKNOWN_AT_MOST, in_memory, scheduled, with_a_watch
from tests.soak.minutes import CALM_AT_END, HOURS, Figures, Minutes
from tests.soak.tally import Tally

IN_MEMORY = range(100_000, 100_075)
SCHEDULES = range(100_000, 100_075)
FEW = 15
MINUTES = range(100_000, 100_010)


@pytest.mark.long
def test_p1_p3_p9_p11_many_histories_in_memory_end_in_the_truth() -> None:
    """What nobody thought of is met by chance, if one asks often enough."""
    tally = in_memory(IN_MEMORY, stdout.write)

    assert tally.failed == {}
    assert tally.deaths > len(IN_MEMORY)
    assert tally.sound.share < UNKNOWN_AT_MOST


@pytest.mark.long
def test_p1_p3_p9_many_schedules_never_say_compliant_wrongly() -> None:
    """Workers of several scans take turns at every operation; P1 is checked after every commit."""
    tally = scheduled(SCHEDULES[FEW:], stdout.write)

    assert tally.failed == {}
    assert tally.deaths > len(SCHEDULES) / 2


def test_p1_some_schedules_never_say_compliant_wrongly() -> None:
    """The same for `make test`, in a few seconds."""
    tally = scheduled(SCHEDULES[:FEW], stdout.write)

    assert tally.failed == {}


def test_p1_p3_p4_a_watch_tells_within_minutes_and_once() -> None:
    """Half is told by the first look after Azure knows, nearly all by the second."""
    tally, figures = with_a_watch(MINUTES[:2], stdout.write)

    assert tally.failed == {}
    assert tally.deaths > 0
    assert figures.is_soon
    assert figures.partial_scans > 2 * HOURS


@pytest.mark.long
def test_p1_p3_p4_a_watch_tells_the_lost_ones_by_the_next_full_scan() -> None:
    """The same for more hours, in which some rows never come."""
    tally, figures = with_a_watch(MINUTES, stdout.write)

    assert tally.failed == {}
    assert figures.is_soon
    assert len(figures.lost) > 0


def test_p4_a_quiet_estate_costs_sixty_queries_an_hour_and_no_write_of_a_finding() -> None:
    """P4: nothing is written but the row of the watch and those of full scans."""
    quiet = Minutes(0, Tally(), Figures())

    asyncio.run(quiet.run(hours=2, changes=0))

    written = {operation.table for operation in quiet.store.log[quiet.first :] if operation.writes}
    assert 2 * len(quiet.graph.asked) <= 60 * (2 + CALM_AT_END / timedelta(hours=2))
    assert (quiet.figures.partial_scans, written) == (0, {Table.SCANS})
