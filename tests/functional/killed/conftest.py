"""One rig for all kill points, and the report of what became of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest

from local.azurite import Azurite
from tests.functional.killed.killing import Killing, Outcome, Point, all_points
from tests.functional.killed.report import report
from tests.functional.killed.rig import Rig
from tests.functional.storage_kit import Storage


@dataclass(frozen=True, slots=True)
class KillPoints:
    """The places to die at, and how the runs ended so far."""

    killing: Killing
    points: list[Point]
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self, part: int, parts: int) -> list[Outcome]:
        """Run one part of so many; return how those runs ended."""
        ended = [self.killing.run(point) for point in self.points[part::parts]]
        self.outcomes.extend(ended)
        return ended


_FOUND: Final = pytest.StashKey[KillPoints]()


@pytest.fixture(scope="module")
def kill_points(pytestconfig: pytest.Config) -> Iterator[KillPoints]:
    """Find all steps, by scans that nothing disturbs."""
    with Azurite() as azurite:
        storage = Storage(azurite)
        with Rig(storage, azurite) as rig:
            killing = Killing(rig)
            found = KillPoints(killing, all_points(killing))
            pytestconfig.stash[_FOUND] = found
            yield found
        storage.close()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print at which steps the program died, and what became of it."""
    found = config.stash.get(_FOUND, None)
    if found is None:
        return
    order = {str(point): number for number, point in enumerate(found.points)}
    terminalreporter.section("killed anywhere")
    for text in report(sorted(found.outcomes, key=lambda outcome: order[str(outcome.point)])):
        terminalreporter.write_line(text)
