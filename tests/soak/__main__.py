"""``python -m tests.soak`` runs many histories and schedules by their seeds, in memory.

Exit 1 if anything was untrue, lost, doubled or unknown without need.
"""

import argparse
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

from tests.soak.minutes import Figures, run_minutes
from tests.soak.schedule import run_schedule
from tests.soak.silence import run_silence
from tests.soak.tally import Tally, run_all
from tests.soak.walk import walk

_OPTIONS: Final = {
    "memory": (5_000, "histories in which one scan follows the other"),
    "schedules": (2_000, "schedules of workers that take turns"),
    "silence": (1_000, "schedules in which all that could fall silent does"),
    "minutes": (200, "with a watch for changes"),
}
_DISTURBED: Final = 0.02
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
    silence = silenced(range(asked.seed, asked.seed + asked.silence), say)
    minutes, figures = with_a_watch(range(asked.seed, asked.seed + asked.minutes), say)
    is_slow = bool(asked.minutes) and not figures.is_soon
    return int(
        bool(memory.failed or schedules.failed or silence.failed or minutes.failed)
        or is_slow
        or memory.sound.share >= UNKNOWN_AT_MOST
    )


def in_memory(seeds: range, say: Say) -> Tally:
    """Run a history per seed."""
    return _run("histories", "memory", seeds, walk, say)


def scheduled(seeds: range, say: Say) -> Tally:
    """Run a schedule per seed."""
    return _run("schedules", "schedules", seeds, run_schedule, say)


def silenced(seeds: range, say: Say) -> Tally:
    """Run a schedule per seed in which all that could fall silent does."""
    return _run("silence", "silence", seeds, run_silence, say)


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


def _run(
    where: str, option: str, seeds: range, run: Callable[[int, Tally], None], say: Say
) -> Tally:
    """Run a history per seed and report; ``option`` repeats those that fail."""
    others = (f"--{name} 0" for name in _OPTIONS if name != option)
    failure = partial(_failure, f"{' '.join(others)} --{option} 1", say)
    tally = run_all(seeds, run, partial(_progress, len(seeds), say), failure)
    if seeds:
        last = seeds.start + max(tally.histories - 1, 0)
        say(f"{where}, seeds {seeds.start} to {last}:\n")
        for line in tally.lines():
            say(f"  {line}\n")
        if tally.failed:
            say(f"  seeds that failed: {', '.join(map(str, tally.failed))}\n")
    return tally


def _progress(total: int, say: Say, tally: Tally, seconds: float) -> None:
    """Say ten times how many have run."""
    if tally.histories % max(total // 10, 1):
        return
    left = seconds / tally.histories * (total - tally.histories)
    say(f"{tally.histories:,} of {total:,}, {len(tally.failed)} failed; {left:.0f} s left\n")


def _failure(how: str, say: Say, seed: int, error: AssertionError) -> None:
    say(f"seed {seed}: {type(error).__name__}: {error}\n")
    say(f"  again: python -m tests.soak {how} --seed {seed}\n")


if __name__ == "__main__":
    sys.exit(main())
