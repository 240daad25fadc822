"""What was changed in an estate, as Resource Graph gets to know it: late, and not always once.

https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_KEPT: Final = 100_000


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A change of a resource; it is in the answers from ``visible`` on."""

    target: str
    type: str
    at: datetime
    visible: datetime


def _at_once() -> Sequence[float]:
    return (0.0,)


class ChangeLog:
    """The changes of an estate.

    ``lags`` is called for each change, and returns after how many seconds each copy of it appears:
    two of them for a change that comes twice, none for one that is lost.
    """

    def __init__(self) -> None:
        self.lags: Callable[[], Sequence[float]] = _at_once
        self._records: deque[ChangeRecord] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def add(self, target: str, kind: str) -> None:
        """Record a change that happens now."""
        now = datetime.now(UTC)
        with self._lock:
            for lag in self.lags():
                visible = now + timedelta(seconds=lag)
                self._records.append(ChangeRecord(target, kind.lower(), now, visible))

    def visible(self) -> list[ChangeRecord]:
        """Return what has appeared until now."""
        now = datetime.now(UTC)
        with self._lock:
            return [record for record in self._records if record.visible <= now]
