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
    BY_HAND,
    FULL_SCANS,
    LEFT_OUT,
    OLD_RULES,
    PARTIAL_SCANS,
    RULES,
    UNWRITTEN,
    Configuration,
    Rules,
)
from tests.model.search import Result, search

_GROUPS: Final = {
    "hand": BY_HAND,
    "partial": PARTIAL_SCANS,
    "full": FULL_SCANS,
    "unwritten": UNWRITTEN,
}
_USUAL: Final = ("hand", "partial", "unwritten")

type Say = Callable[[str], object]
# What is shown as the name, the configuration, the rules.
type Job = tuple[str, Configuration, Rules]


def main(arguments: list[str] | None = None, say: Say = sys.stdout.write) -> int:
    """Search what is named and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        choices=[*_GROUPS, "old", "ablate", *ALL],
        help=f"groups: {', '.join(_USUAL)} (searched if none is named), full (minutes); old: the "
        "first group under the old rules; ablate: each rule left out; or a configuration",
    )
    parser.add_argument("--ways", action="store_true", help="print the way to each broken claim")
    asked = parser.parse_args(arguments)
    say(
        f"{'':<4}{'states':>10}{'transitions':>13}{'CPU s':>8}  what breaks, after how many steps\n"
    )
    is_wrong = False
    jobs = [job for name in asked.names or _USUAL for job in _jobs(name)]
    found: dict[str, bool] = {}
    with ProcessPoolExecutor() as pool:
        for (text, tried, rules), result in zip(jobs, pool.map(_search, jobs), strict=True):
            say(_line(text, tried, result))
            for way in result.broken.values() if asked.ways else ():
                say("".join(f"      {step}\n" for step in way))
            if rules == RULES:
                is_wrong |= bool(result.broken)
            else:
                found[text] = found.get(text, False) or bool(result.broken)
    return int(is_wrong or not all(found.values()))


def _jobs(name: str) -> Iterable[Job]:
    if name == "ablate":
        for rule in LEFT_OUT:
            yield from ((f"without: {rule.text}", ALL[tried], rule.rules) for tried in rule.tried)
    elif name == "old":
        yield from (("old rules", tried, OLD_RULES) for tried in BY_HAND)
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
