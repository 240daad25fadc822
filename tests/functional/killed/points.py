"""Where the host dies: all places that there are, and those that the test suite tries."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.functional.killed.killing import AGAIN, Killing, Point
from tests.functional.killed.proxy import When

CASES: Final = ("worse", "better", "first", "key", "ended")  # in the order of their preparation
_NUMBERS: Final = re.compile(r"[ S]*\d+|[()]")
# With two hosts the slices overlap; these steps are taken whichever host has which slice.
_BESIDE_ANOTHER: Final = (
    (When.AFTER, "cmk-slices: send plan"),
    (When.BEFORE, "scans: plan stands"),
    (When.AFTER, "slice 0: claim"),
    (When.AFTER, "findings: mark S5"),
    (When.AFTER, "findings: record S5"),
    (When.BEFORE, "feed: publish S1"),
    (When.AFTER, "feed: publish S3 S4"),
    (When.AFTER, "cmk-tell: send S3 S4"),
    (When.AFTER, "webhook: post S4"),
    (When.AFTER, "slice 1: done"),
    (When.BEFORE, "scans: finish"),
    (When.AFTER, "scans: finish"),
)
# In these cases the steps have another meaning than where an account is worse.
_ONCE_MORE: Final[Mapping[str, Sequence[tuple[When, str]]]] = {
    "key": (
        (When.BEFORE, "status: lower"),
        (When.AFTER, "status: lower"),
        (When.AFTER, "findings: mark S7"),
        (When.BEFORE, "findings: record S7"),
        (When.AFTER, "findings: record S7"),
        (When.AFTER, "feed: publish S7"),
        (When.AFTER, "webhook: post S7"),
        (When.BEFORE, "scans: finish"),
    ),
    "ended": (
        (When.AFTER, "status: lower"),
        (When.BEFORE, "findings: record S7"),
        (When.AFTER, "findings: record S7"),
        (When.AFTER, "feed: publish S7"),
    ),
}
# Of the steps of one host the test suite tries each kind once, by its first name in the order of
# the alphabet, and these, which mean something else than the first: an account that is gone, a gap,
# a new subscription, one that two transactions record, and the end of a scan that took over.
_NOT_THE_SAME: Final = frozenset(
    {
        "findings: record S3",
        "findings: record S4",
        "findings: mark S6",
        "findings: record S6",
        "findings: record S5",
        "findings: record S5 (2)",
        "findings: delete the outbox of S5 (2)",
        "feed: publish S5 (2)",
        "feed: publish scan (2)",
        "scans: delete the outbox (2)",
    }
)
# A host leaves before a step what it left after its last one, and so dies before those alone that
# decide what people see or hear.
_DECIDES: Final = frozenset(
    {"feed: publish", "findings: record", "scans: finish", "status: lower", "webhook: post"}
)

type AnyAccount = Callable[[str, str, int], tuple[When, ...]]


def all_points(killing: Killing) -> list[Point]:
    """Return every place to die at.

    Of each step that no earlier case takes, that is both sides where it is the first of its kind,
    else one side in turn; some steps once more where a key alone breaks or an exception ends, and
    some while another host works on the same scan.
    """
    return _points(killing, CASES, _all_sides)


def chosen_points(killing: Killing, cases: Sequence[str]) -> list[Point]:
    """Return the places that the test suite tries in these cases; what follows is not prepared."""
    return _points(killing, cases, _chosen_sides)


def _points(killing: Killing, names: Sequence[str], sides_of: AnyAccount) -> list[Point]:
    points: list[Point] = []
    known: set[str] = set()
    kinds: Counter[str] = Counter()
    for case, steps in killing.cases():
        sides: dict[str, tuple[When, ...]] = {}
        for step in sorted(set(steps) - known):
            kind = _NUMBERS.sub("", step)
            sides[step] = sides_of(step, kind, kinds[kind])
            kinds[kind] += 1
        found = [Point(case, step, when) for step in steps for when in sides.get(step, ())]
        found += [Point(case, step, when) for when, step in _ONCE_MORE.get(case.name, ())]
        if not known:
            found += [Point(case, step, when, 2) for when, step in _BESIDE_ANOTHER if step in steps]
        known |= set(steps)
        points += found if case.name in names else ()
        if case.name == names[-1]:
            break
    return points


def _all_sides(step: str, _kind: str, earlier: int) -> tuple[When, ...]:
    # What a message says is known when it is handed out, so there is no before.
    if ": receive " in step:
        return (When.AFTER,)
    return (tuple(When)[earlier % 2],) if earlier else tuple(When)


def _chosen_sides(step: str, kind: str, earlier: int) -> tuple[When, ...]:
    if step in _NOT_THE_SAME:
        return (When.AFTER,)
    # A message that was received is handed out again, as after it was sent; whose it is changes
    # nothing.
    is_known = earlier or AGAIN.search(step) or ": receive " in step
    if is_known or (step.startswith("cmk-") and step.endswith(" scan")):
        return ()
    return tuple(When) if kind in _DECIDES else (When.AFTER,)
