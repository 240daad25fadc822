"""One rig for all kill points, and what became of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

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


@pytest.fixture(scope="module")
def kill_points(request: pytest.FixtureRequest) -> Iterator[KillPoints]:
    """Find all steps by scans that nothing disturbs; in the end, print what became of them."""
    with Azurite() as azurite:
        storage = Storage(azurite)
        with Rig(storage, azurite) as rig:
            killing = Killing(rig)
            found = KillPoints(killing, all_points(killing))
            yield found
        storage.close()
    order = {point: number for number, point in enumerate(map(str, found.points))}
    outcomes = sorted(found.outcomes, key=lambda outcome: order[str(outcome.point)])
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.write("\n".join(["", *report(outcomes), ""]))
