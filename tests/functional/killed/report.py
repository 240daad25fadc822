"""What the runs say, as a person reads it."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from tests.functional.killed.killing import Outcome, Point

_WIDTH = 64


def faults(outcome: Outcome) -> str:
    """Say what went wrong in one run."""
    return "\n    ".join([str(outcome.point), *outcome.faults])


def report(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Give a table of the steps, what went wrong, and the sum."""
    for step, runs in groupby(outcomes, key=lambda outcome: _step(outcome.point)):
        yield f"{step:{_WIDTH}} {'  '.join(_said(outcome) for outcome in runs)}"
    lost = [outcome for outcome in outcomes if outcome.faults]
    yield from (faults(outcome) for outcome in lost)
    died = sum(outcome.died for outcome in outcomes)
    yield f"{len(outcomes)} kill points, {died} died at, {len(lost)} lost"


def _step(point: Point) -> str:
    beside = "" if point.hosts == 1 else ", beside another host"
    return f"{point.case.name} | {point.step}{beside}"


def _said(outcome: Outcome) -> str:
    how = "WRONG" if outcome.faults else "ok" if outcome.died else "not taken again"
    return f"{outcome.point.when} {how}{' (lease ended)' if outcome.expired else ''}"
