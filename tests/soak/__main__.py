"""``python -m tests.soak`` runs many histories and schedules in memory, and over the whole program.

Exit 1 if anything was untrue, lost, doubled or unknown without need.
"""

import argparse
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

from local.azurite import Azurite
from local.stack import ScanTimeoutError
from tests.functional.storage_kit import Storage
from tests.soak.minutes import Figures, run_minutes
from tests.soak.schedule import run_schedule
from tests.soak.stack import StackHistory
from tests.soak.tally import Tally, run_all
from tests.soak.walk import walk

_OPTIONS: Final = {
    "memory": (5_000, "histories in memory"),
    "schedules": (2_000, "schedules in memory"),
    "stack": (100, "over the stack"),
    "minutes": (200, "with a watch for changes"),
}
_DISTURBED: Final = 0.02
_WIDTH: Final = 78
UNKNOWN_AT_MOST: Final = 0.01

type Say = Callable[[str], object]


def main(arguments: list[str] | None = None, say: Say = sys.stdout.write) -> int:
    """Run them and report; return 1 where something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    for name, (count, what) in _OPTIONS.items():
        parser.add_argument(f"--{name}", type=int, default=count, help=what)
    parser.add_argument("--seed", type=int, default=0, help="the first history's seed")
    asked = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # disturbed scans say much, as they should
    memory = in_memory(range(asked.seed, asked.seed + asked.memory), say)
    schedules = scheduled(range(asked.seed, asked.seed + asked.schedules), say)
    minutes, figures = with_a_watch(range(asked.seed, asked.seed + asked.minutes), say)
    stack = over_the_stack(range(asked.seed, asked.seed + asked.stack), say)
    is_slow = bool(asked.minutes) and not figures.is_soon
    unknown = max(memory.sound.share, stack.all_hours.share)
    return int(
        bool(memory.failed or schedules.failed or minutes.failed or stack.failed)
        or is_slow
        or unknown >= UNKNOWN_AT_MOST
    )


def in_memory(seeds: range, say: Say) -> Tally:
    """Run a history per seed over the store in memory."""
    return _run("in memory", "memory", seeds, walk, say)


def scheduled(seeds: range, say: Say) -> Tally:
    """Run a schedule per seed over the store in memory."""
    return _run("schedules", "schedules", seeds, run_schedule, say)


def with_a_watch(seeds: range, say: Say) -> tuple[Tally, Figures]:
    """Run two histories per seed with a watch for changes: undisturbed, and with faults."""
    figures, disturbed = Figures(), Figures()

    def run(seed: int, tally: Tally) -> None:
        run_minutes(seed, tally, figures)
        run_minutes(seed, tally, disturbed, _DISTURBED)

    tally = _run("with a watch for changes", "minutes", seeds, run, say)
    for line in figures.lines() if figures.after_row else ():
        say(f"  {line}\n")
    return tally, figures


def over_the_stack(seeds: range, say: Say) -> Tally:
    """Run a history per seed over Azurite, the simulated Azure and the app in its host."""
    if not seeds:
        return Tally()
    with Azurite() as azurite:
        storage = Storage(azurite)

        def run(seed: int, tally: Tally) -> None:
            try:
                StackHistory(seed, storage, azurite, tally).run()
            except (TimeoutError, ScanTimeoutError) as error:
                raise AssertionError(f"it came to no end: {error}") from error

        tally = _run("over the stack", "stack", seeds, run, say)
        storage.close()
    return tally


def _run(
    where: str, option: str, seeds: range, run: Callable[[int, Tally], None], say: Say
) -> Tally:
    """Run a history per seed and report; ``option`` repeats those that fail."""
    others = (f"--{name} 0" for name in _OPTIONS if name != option)
    failure = partial(_failure, f"{' '.join(others)} --{option} 1", say)
    tally = run_all(seeds, run, partial(_progress, len(seeds), say), failure)
    if seeds:
        _clear(say)
        last = seeds.start + max(tally.histories - 1, 0)
        say(f"{where}, seeds {seeds.start} to {last}:\n")
        for line in tally.lines():
            say(f"  {line}\n")
        if tally.failed:
            say(f"  seeds that failed: {', '.join(map(str, tally.failed))}\n")
    return tally


def _progress(total: int, say: Say, tally: Tally, seconds: float) -> None:
    """Keep one line up to date, on a terminal; elsewhere say something now and then."""
    is_watched = sys.stdout.isatty()
    if not is_watched and tally.histories % max(total // 10, 1):
        return
    left = seconds / tally.histories * (total - tally.histories)
    line = f"{tally.histories:,} of {total:,} histories, {tally.deaths:,} deaths, "
    line += f"{len(tally.failed)} failed; {left:.0f} s left"
    say(f"\r{line:<{_WIDTH}}" if is_watched else f"{line}\n")


def _failure(how: str, say: Say, seed: int, error: AssertionError) -> None:
    _clear(say)
    say(f"seed {seed}: {type(error).__name__}: {error}\n")
    say(f"  again: python -m tests.soak {how} --seed {seed}\n")


def _clear(say: Say) -> None:
    """Take the progress line away."""
    if sys.stdout.isatty():
        say("\r" + " " * _WIDTH + "\r")


if __name__ == "__main__":
    sys.exit(main())
