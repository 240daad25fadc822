"""How far a scan is: counted at the port, shown in one line."""

import io
from collections.abc import Mapping

from rich.console import Console

from cmk_check.cli.progress import WatchedInventory, bar
from cmk_check.core.account import Reading, Subscription
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.scope import Scope
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.world import bad, good, sub


def _watched(*ids: str, readings: Mapping[str, Reading] | None = None) -> WatchedInventory:
    """Watch an inventory; these ids are those of subscriptions that were read."""
    watched = WatchedInventory(ScriptedInventory([], readings), Scope())
    watched.readings = dict.fromkeys(ids, (1, False))
    return watched


async def test_what_will_not_be_read_is_not_waited_for() -> None:
    """A bar that ends at 80 % looks like a scan that left something out."""
    listed = [Subscription(sub(1)), Subscription(sub(2)), Subscription(sub(3), state="Deleted")]
    watched = WatchedInventory(ScriptedInventory(listed), Scope(exclude=frozenset({sub(2)})))

    passed_on = await watched.subscriptions()

    assert passed_on == tuple(listed)
    assert watched.total == 1


async def test_readings_are_passed_on_and_each_subscription_is_counted_once() -> None:
    """The scan must not notice that it is watched, nor the bar be pushed past its end."""
    gap = Reading((good(sub(2)),), gap=Gap(GapReason.TIMEOUT))
    readings = {sub(1): Reading((good(sub(1)), bad(sub(1), "b"))), sub(2): gap}
    watched, moves = _watched(readings=readings), []
    watched.moved = lambda: moves.append(watched.done)

    order = (sub(1), sub(2), sub(2))  # the slice of the second failed and came back
    passed_on = [await watched.read(Subscription(id_), seconds=1) for id_ in order]

    assert passed_on == [readings[id_] for id_ in order]
    assert watched.readings == {sub(1): (2, False), sub(2): (1, True)}
    assert moves == [1, 2, 2]


def test_the_line_says_how_far_it_is() -> None:
    """Done, accounts and gaps."""
    listing, listed, started = _watched(), _watched(), _watched(*map(str, range(1234)))
    listed.total, started.total, started.readings["0"] = 3, 10_000, (1, True)

    assert listing.numbers() == "listing subscriptions"
    assert listed.numbers() == "0/3 subscriptions, 0 accounts, 0 gaps"
    assert started.numbers() == "1,234/10,000 subscriptions, 1,234 accounts, 1 gap"


def test_the_bar_moves_with_the_tally_and_is_gone_in_the_end() -> None:
    """What stays on the screen is the result."""
    stream, tally = io.StringIO(), _watched()
    console = Console(file=stream, width=100, force_terminal=True, force_interactive=True)

    with bar(console, tally):
        tally.total = 2
        tally.readings["a"] = (5, False)
        tally.moved()

    assert "1/2 subscriptions, 5 accounts, 0 gaps" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[1A\x1b[2K")


def _lines_of(total: int, seconds_each: float) -> list[str]:
    """Read this many subscriptions, each in this time, where no bar can be shown."""
    now, tally, stream = 0.0, _watched(), io.StringIO()
    with bar(Console(file=stream, width=200, get_time=lambda: now), tally):
        tally.total = total
        for number in range(total):
            now += seconds_each
            tally.readings[str(number)] = (1, False)
            tally.moved()
    return stream.getvalue().splitlines()


def test_a_log_gets_a_line_for_every_tenth_of_a_scan() -> None:
    """A pipeline that says nothing for an hour is taken for dead; one of thousands is not read."""
    lines = _lines_of(total=10_000, seconds_each=0.25)

    assert len(lines) == 9
    assert lines[0] == (
        "cmk-check: 1,000/10,000 subscriptions, 1,000 accounts, 0 gaps, 4.0/s, 0:37:30 left"
    )
    assert lines[-1].startswith("cmk-check: 9,000/10,000 subscriptions")
    assert len(_lines_of(total=3, seconds_each=60)) == 2  # no more than there are
    assert _lines_of(total=1000, seconds_each=0.009) == []  # over before anybody asks
