"""What was changed in an estate, as Resource Graph gets to know it: late, and not always once.

https://learn.microsoft.com/azure/governance/resource-graph/changes/get-resource-changes
"""

import itertools
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_KEPT: Final = 100_000

# Who changes resources, as the attributes of a change say it: a person, a program, the platform,
# nobody. The words are those of Microsoft's page; which of them come together is an assumption.
PERSON: Final = {
    "changedBy": "person@example.com",
    "changedByType": "User",
    "clientType": "Azure Portal",
    "operation": "Microsoft.CognitiveServices/accounts/write",
}
PROGRAM: Final = {
    "changedBy": "5e2f8b90-7c14-4a6d-b1e3-40d9c6f2a857",
    "changedByType": "Application",
    "clientType": "ARM Template",
    "operation": "Microsoft.Resources/deployments/write",
}
PLATFORM: Final = {
    "changedBy": "System",
    "changedByType": "System",
    "clientType": "Unspecified",
    "operation": "Unspecified",
}
NOBODY: Final = dict.fromkeys(PERSON, "Unspecified")


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A change of a resource; it is in the answers from ``visible`` on.

    ``id`` is that of the record, ``correlation_id`` that of the change, also where it comes twice.
    """

    target: str
    type: str
    at: datetime
    visible: datetime
    attributes: Mapping[str, str]
    id: str
    correlation_id: str


def _at_once() -> Sequence[float]:
    return (0.0,)


class ChangeLog:
    """The changes of an estate.

    ``lags`` is called for each change, and returns after how many seconds each copy of it appears:
    two of them for a change that comes twice, none for one that is lost. ``authors`` is called for
    the attributes of each change; by default each of the four kinds takes its turn.
    """

    def __init__(self) -> None:
        self.lags: Callable[[], Sequence[float]] = _at_once
        turns = itertools.cycle((PERSON, PROGRAM, PLATFORM, NOBODY))
        self.authors: Callable[[], Mapping[str, str]] = lambda: next(turns)
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._records: deque[ChangeRecord] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def add(self, target: str, kind: str) -> None:
        """Record a change that happens now."""
        now = self.clock()
        attributes, correlation_id = self.authors(), str(uuid.uuid4())
        with self._lock:
            for lag in self.lags():
                visible = now + timedelta(seconds=lag)
                record = f"{target}/providers/Microsoft.Resources/changes/{uuid.uuid4()}"
                self._records.append(
                    ChangeRecord(
                        target, kind.lower(), now, visible, attributes, record, correlation_id
                    )
                )

    def visible(self) -> list[ChangeRecord]:
        """Return what has appeared until now."""
        now = self.clock()
        with self._lock:
            return [record for record in self._records if record.visible <= now]
