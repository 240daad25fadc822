"""What happened in many histories, counted for people; what must never happen has its own error."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final


class FalseGreenError(AssertionError):
    """Compliant was said, and something else stood in the table or in Azure."""


class LostChangeError(AssertionError):
    """A transition is missing from the feed, or was not told."""


class RepeatedChangeError(AssertionError):
    """A change id stands in the feed more than once."""


@dataclass
class Hours:
    """Subscription-hours in which Azure would have answered.

    Each scan stands for the hour until the next one; an hour is ``unknown`` where the program had
    no fresh reading of the subscription all the same.
    """

    total: int = 0
    unknown: int = 0

    @property
    def share(self) -> float:
        """Return the share that was unknown, from 0 to 1."""
        return self.unknown / self.total if self.total else 0.0

    def add(self, *, known: bool) -> None:
        """Count one."""
        self.total += 1
        self.unknown += not known


@dataclass
class Tally:
    """Counts over histories; ``sound`` are the hours after scans that nothing disturbed."""

    histories: int = 0
    scans: int = 0
    faults: int = 0
    deaths: int = 0
    sound: Hours = field(default_factory=Hours)
    failed: dict[int, AssertionError] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """Return the counts as lines of text."""
        kinds = Counter(type(error) for error in self.failed.values())
        others = kinds.total() - sum(kinds[kind] for kind in _NEVER.values())
        counts = {
            "histories": self.histories,
            "scans": self.scans,
            "faults": self.faults,
            "deaths": self.deaths,
            **{name: kinds[kind] for name, kind in _NEVER.items()},
            "other failures": others,
        }
        for name, count in counts.items():
            yield f"{name:<31}{count:>10,}"
        yield "subscription-hours that were unknown although Azure would have answered:"
        yield f"  {self.sound.unknown:,} of {self.sound.total:,}: {self.sound.share:.2%}"


_NEVER: Final = {
    "false greens": FalseGreenError,
    "lost changes": LostChangeError,
    "repeated change ids": RepeatedChangeError,
}


def run_all(
    seeds: range,
    run: Callable[[int, Tally], None],
    tell: Callable[[Tally, float], None],
    tell_failure: Callable[[int, AssertionError], None],
) -> Tally:
    """Run a history per seed; one that fails is kept by its seed, and the others go on.

    ``tell`` is called after each with the counts so far and the seconds that have passed. Ctrl-C
    ends them early, and what was counted until then is returned.
    """
    tally, begun = Tally(), time.monotonic()
    for seed in seeds:
        try:
            run(seed, tally)
        except KeyboardInterrupt:
            break
        except AssertionError as error:
            tally.failed[seed] = error
            tell_failure(seed, error)
        tally.histories += 1
        tell(tally, time.monotonic() - begun)
    return tally
