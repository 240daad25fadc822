"""One rig for the kill points of each file, and the report of what became of them.

Each file has the points of some ``CASES``, and prepares no others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest

from local.azurite import Azurite
from tests.functional.killed.killing import Killing, Outcome, Point
from tests.functional.killed.points import chosen_points
from tests.functional.killed.proxy import When
from tests.functional.killed.report import faults, report
from tests.functional.killed.rig import Rig
from tests.functional.storage_kit import Storage

# A test may last four minutes; on a busy machine a run takes ten seconds.
PARTS: Final = 6


@dataclass(frozen=True, slots=True)
class KillPoints:
    """The places to die at, and how the runs ended so far."""

    killing: Killing
    points: list[Point]
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self, hosts: int, part: int) -> None:
        """Die at a part of the points with so many hosts; assert that nothing is amiss."""
        chosen = [point for point in self.points if point.hosts == hosts]
        ended = [self.killing.run(point) for point in chosen[part::PARTS]]
        self.outcomes.extend(ended)
        assert [faults(outcome) for outcome in ended if outcome.faults] == []

    def check_that_each_is_there(self, *steps: str) -> None:
        """Assert that the host dies after each of these steps.

        One that the proxy no longer sees would be a proof of nothing.
        """
        tried = {point.step for point in self.points if point.when is When.AFTER}

        assert [step for step in steps if step not in tried] == []

    def check_that_nearly_all_died(self) -> None:
        """Assert that few steps were not taken again: some are only where two writers meet."""
        missed = [str(outcome.point) for outcome in self.outcomes if not outcome.died]

        assert self.outcomes
        assert len(missed) <= len(self.outcomes) / 10, missed


_FOUND: Final = pytest.StashKey[list[KillPoints]]()


@pytest.fixture(scope="module")
def kill_points(request: pytest.FixtureRequest) -> Iterator[KillPoints]:
    """Find the steps of a file's cases, by scans that nothing disturbs."""
    with Azurite() as azurite:
        storage = Storage(azurite)
        with Rig(storage, azurite) as rig:
            killing = Killing(rig)
            found = KillPoints(killing, chosen_points(killing, request.module.CASES))
            request.config.stash.setdefault(_FOUND, []).append(found)
            yield found
        storage.close()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print at which steps the program died, and what became of it."""
    found = config.stash.get(_FOUND, None)
    if found is None:
        return
    names = dict.fromkeys(str(point) for file in found for point in file.points)
    order = {name: number for number, name in enumerate(names)}
    outcomes = [outcome for file in found for outcome in file.outcomes]
    terminalreporter.section("killed anywhere")
    for text in report(sorted(outcomes, key=lambda outcome: order[str(outcome.point)])):
        terminalreporter.write_line(text)
