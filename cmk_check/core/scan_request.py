"""What comes of asking for a scan: the scan decides it, the HTTP API answers with it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class StartOutcome(StrEnum):
    """What was done about it."""

    STARTED = "started"
    RUNNING = "running"
    TOO_SOON = "too_soon"


@dataclass(frozen=True, slots=True)
class StartAnswer:
    """``scan_id`` is the scan that was started, is running, or was started just before.

    ``wait`` is how long it is too soon for.
    """

    outcome: StartOutcome
    scan_id: str
    wait: timedelta = timedelta()
