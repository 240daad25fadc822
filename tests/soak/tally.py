"""What happened in many histories, counted for people; what must never happen has its own error."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

UNKNOWN_AT_MOST: Final = 0.01

type Say = Callable[[str], object]
type Run = Callable[[int, Tally], None]


class FalseGreenError(AssertionError):
    """Compliant was said, and something else stood in the table or in Azure."""


class LostChangeError(AssertionError):
    """A transition is missing from the feed, or was not told."""


class RepeatedChangeError(AssertionError):
    """A change id stands in the feed more than once."""


@dataclass
class Tally:
    """Counts over histories.

    ``hours`` are subscription-hours in which Azure would have answered, one for each subscription
    after a scan that nothing disturbed; ``unknown`` are those without a fresh reading all the same.
    """

    histories: int = 0
    scans: int = 0
    faults: int = 0
    deaths: int = 0
    hours: int = 0
    unknown: int = 0
    failed: dict[int, AssertionError] = field(default_factory=dict)

    @property
    def share_unknown(self) -> float:
        """Return the share of the hours that was unknown, from 0 to 1."""
        return self.unknown / self.hours if self.hours else 0.0

    def count(self, seed: int, run: Run) -> None:
        """Run a history; one that fails is kept by its seed."""
        try:
            run(seed, self)
        except AssertionError as error:
            self.failed[seed] = error
        self.histories += 1

    def lines(self) -> Iterator[str]:
        """Return the counts as lines of text."""
        for name in ("histories", "scans", "faults", "deaths", "hours", "unknown"):
            yield f"{name:<31}{getattr(self, name):>10,}"
        for kind, count in Counter(type(error).__name__ for error in self.failed.values()).items():
            yield f"{kind:<31}{count:>10,}"
        if self.failed:
            yield f"seeds that failed: {', '.join(map(str, self.failed))}"
