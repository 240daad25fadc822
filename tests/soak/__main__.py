"""``python -m tests.soak`` runs many histories and schedules by their seeds, in memory.

Exit 1 if anything was untrue, lost, doubled or unknown without need.
"""

import argparse
import logging
import sys
from typing import Final

from tests.soak.schedule import run_schedule
from tests.soak.tally import UNKNOWN_AT_MOST, Run, Say, Tally
from tests.soak.walk import walk

# How many by default, what one is, and what runs one.
_KINDS: Final[dict[str, tuple[int, str, Run]]] = {
    "memory": (5_000, "histories in which one scan follows the other", walk),
    "schedules": (2_000, "schedules of workers that take turns", run_schedule),
}


def main(arguments: list[str] | None = None, say: Say = sys.stdout.write) -> int:
    """Run them and report; return 1 where something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    for name, (count, what, _) in _KINDS.items():
        parser.add_argument(f"--{name}", type=int, default=count, help=what)
    parser.add_argument("--seed", type=int, default=0, help="the first history's seed")
    asked = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # disturbed scans say much, as they should
    tallies = [
        run_all(name, range(asked.seed, asked.seed + getattr(asked, name)), say) for name in _KINDS
    ]
    return int(any(tally.failed or tally.share_unknown >= UNKNOWN_AT_MOST for tally in tallies))


def run_all(name: str, seeds: range, say: Say = sys.stdout.write) -> Tally:
    """Run one of a kind per seed and report, with the command that repeats each failure."""
    others = (f"--{other} 0" for other in _KINDS if other != name)
    again = f"python -m tests.soak {' '.join(others)} --{name} 1 --seed"
    tally, total = Tally(), len(seeds)
    for seed in seeds:
        try:
            tally.count(seed, _KINDS[name][2])
        except KeyboardInterrupt:
            break
        if seed in tally.failed:
            error = tally.failed[seed]
            say(f"seed {seed}: {type(error).__name__}: {error}\n  again: {again} {seed}\n")
        if tally.histories % max(total // 10, 1) == 0:
            say(f"{tally.histories:,} of {total:,} {name}, {len(tally.failed)} failed\n")
    say("".join(f"  {line}\n" for line in tally.lines()))
    return tally


if __name__ == "__main__":
    sys.exit(main())
