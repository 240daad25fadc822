"""What was changed in an estate, as Resource Graph gets to know it.

https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
"""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_KEPT: Final = 100_000


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A change of a resource."""

    target: str
    type: str
    at: datetime


class ChangeLog:
    """The changes of an estate."""

    def __init__(self) -> None:
        self._records: deque[ChangeRecord] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def add(self, target: str, kind: str) -> None:
        """Record a change that happens now."""
        with self._lock:
            self._records.append(ChangeRecord(target, kind.lower(), datetime.now(UTC)))

    def records(self) -> list[ChangeRecord]:
        """Return the changes until now."""
        with self._lock:
            return list(self._records)
