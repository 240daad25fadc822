"""``python -m tests.model`` searches configurations of the protocol, and prints a table.

Exit 1 if the program's rules break a claim, or if nothing breaks when one of them is left out.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from tests.model.configurations import (
    ALL,
    FULL_SCANS,
    LEFT_OUT,
    PARTIAL_SCANS,
    RULES,
    SMALL,
    UNWRITTEN,
    Configuration,
    Rules,
)
from tests.model.search import Result, search

_GROUPS: Final = {
    "small": SMALL,
    "partial": PARTIAL_SCANS,
    "full": FULL_SCANS,
    "unwritten": UNWRITTEN,
}
_USUAL: Final = ("small", "partial", "unwritten")

type Say = Callable[[str], object]
# What is shown as the name, the configuration, the rules.
type Job = tuple[str, Configuration, Rules]


def main(arguments: list[str] | None = None, say: Say = sys.stdout.write) -> int:
    """Search what is named and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        choices=[*_GROUPS, "ablate", *ALL],
        help=f"groups: {', '.join(_USUAL)} (searched if none is named), full (minutes); "
        "ablate: each rule left out; or a configuration",
    )
    parser.add_argument("--ways", action="store_true", help="print the way to each broken claim")
    asked = parser.parse_args(arguments)
    say(
        f"{'':<4}{'states':>10}{'transitions':>13}{'CPU s':>8}  what breaks, after how many steps\n"
    )
    is_wrong = False
    jobs = [job for name in asked.names or _USUAL for job in _jobs(name)]
    with ProcessPoolExecutor() as pool:
        for (text, tried, rules), result in zip(jobs, pool.map(_search, jobs), strict=True):
            say(_line(text, tried, result))
            for way in result.broken.values() if asked.ways else ():
                say("".join(f"      {step}\n" for step in way))
            is_wrong |= bool(result.broken) == (rules == RULES)
    return int(is_wrong)


def _jobs(name: str) -> Iterable[Job]:
    if name == "ablate":
        yield from ((f"without: {rule.text}", ALL[rule.tried], rule.rules) for rule in LEFT_OUT)
    else:
        yield from (("", tried, RULES) for tried in _GROUPS.get(name, ()) or [ALL[name]])


def _search(job: Job) -> Result:
    return search(*job[1:])


def _line(text: str, tried: Configuration, result: Result) -> str:
    broken = [f"{claim} ({len(way) - 1})" for claim, way in result.broken.items()]
    sizes = f"{result.states:>10,}{result.transitions:>13,}{result.seconds:>8.1f}"
    return f"{tried.name:<4}{sizes}  {'; '.join(broken) or 'nothing'}  [{text or tried}]\n"


if __name__ == "__main__":
    sys.exit(main())
