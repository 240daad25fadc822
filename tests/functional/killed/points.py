"""Where the host dies: all places that there are, and those that the test suite tries."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from tests.functional.killed.killing import Killing, Point
from tests.functional.killed.proxy import When

# What one host does with messages and the store; an account that is gone, a gap, a new subscription
# and one that two transactions record. Before a step a host leaves what it left after its last one,
# so it dies before those alone that decide what people see or hear.
_ONE_HOST: Final = (
    Point("worse", "cmk-slices: send plan"),
    Point("worse", "scans: plan stands"),
    Point("worse", "cmk-slices: send slice 0"),
    Point("worse", "slice 0: claim"),
    Point("worse", "status: lower", When.BEFORE),
    Point("worse", "status: lower"),
    Point("worse", "findings: record S3"),
    Point("worse", "findings: record S4"),
    Point("worse", "findings: record S5"),
    Point("worse", "findings: record S6"),
    Point("worse", "feed: publish S1", When.BEFORE),
    Point("worse", "feed: publish S1"),
    Point("worse", "feed: publish S5 (2)"),
    Point("worse", "cmk-tell: send S1"),
    Point("worse", "cmk-changes: send S1"),
    Point("worse", "findings: delete the outbox of S1"),
    Point("worse", "webhook: post S1"),
    Point("worse", "slice 0: done"),
    Point("worse", "scans: finish", When.BEFORE),
    Point("worse", "scans: finish"),
    Point("worse", "slices: delete"),
    # The end of a scan that took over from a dead one.
    Point("better", "scans: take the lease from a dead scan"),
    Point("better", "feed: publish scan (2)"),
    Point("better", "scans: delete the outbox (2)"),
    Point("better", "webhook: post scan"),
    Point("first", "tables: create one"),
    # A key alone breaks, or an exception alone ends: the steps have another meaning.
    Point("key", "status: lower"),
    Point("key", "findings: record S7", When.BEFORE),
    Point("key", "findings: record S7"),
    Point("key", "feed: publish S7"),
    Point("ended", "status: lower"),
    Point("ended", "findings: record S7", When.BEFORE),
)
# With two hosts the slices overlap; these steps are taken whichever host has which slice.
_TWO_HOSTS: Final = (
    Point("worse", "slice 0: claim", hosts=2),
    Point("worse", "findings: record S5", hosts=2),
    Point("worse", "feed: publish S3 S4", hosts=2),
    Point("worse", "cmk-tell: send S3 S4", hosts=2),
    Point("worse", "webhook: post S4", hosts=2),
    Point("worse", "scans: finish", When.BEFORE, hosts=2),
)
CHOSEN: Final = (*_ONE_HOST, *_TWO_HOSTS)
_NUMBERS: Final = re.compile(r"[ S]*\d+|[()]")


def all_points(killing: Killing) -> Iterator[Point]:
    """Return every place to die at: of each step that no earlier case takes, and all chosen ones.

    Both sides where it is the first of its kind, else one side in turn.
    """
    kinds: Counter[str] = Counter()
    found: dict[Point, None] = {}
    known: set[str] = set()
    for case, steps in killing.steps.items():
        for step in sorted(set(steps) - known):
            kind = _NUMBERS.sub("", step)
            found |= dict.fromkeys(Point(case, step, side) for side in _sides(step, kinds[kind]))
            kinds[kind] += 1
        known |= set(steps)
    return iter(found | dict.fromkeys(CHOSEN))


def _sides(step: str, earlier: int) -> tuple[When, ...]:
    # What a message says is known when it is handed out, so there is no before.
    if ": receive " in step:
        return (When.AFTER,)
    return (tuple(When)[earlier % 2],) if earlier else tuple(When)
