"""The result of a request for a scan, which the HTTP API returns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cmk_check.core.text import few

_SCAN_ID: Final = re.compile(r"([0-9]{8}T[0-9]{6}Z)-[0-9a-z]{1,32}")


def is_scan_id(text: object) -> bool:
    """Return whether a text can be a scan id, which is a start time and a few more characters."""
    return parse_start(text) is not None


def parse_start(scan_id: object) -> datetime | None:
    """Return when a scan began, rounded down to seconds, or None if ``scan_id`` is invalid."""
    match = _SCAN_ID.fullmatch(scan_id) if isinstance(scan_id, str) else None
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S%z")
    except ValueError:
        return None


def not_found(ids: Sequence[str]) -> str:
    """Return a message about subscriptions that a partial scan did not find, and what to do."""
    return (
        f"Subscriptions not found: {few(ids)}. Azure does not list them for the app's identity, no "
        "scan has recorded them, and no setting names them. Check the ids, or assign the identity "
        "the Reader role on them."
    )


class StartOutcome(StrEnum):
    """The outcome of a request for a scan."""

    STARTED = "started"
    RUNNING = "running"
    TOO_SOON = "too_soon"
    NO_SCAN_YET = "no_scan_yet"
    SCOPE_CHANGED = "scope_changed"


@dataclass(frozen=True, slots=True)
class StartAnswer:
    """``scan_id`` is the scan that was started, is running, or was started too recently.

    ``wait`` is the time to wait if the request came too soon. A partial scan needs a full scan that
    finished under the current scope. Without a full scan under the current scope, no partial scan
    is started, and ``scan_id`` is empty.
    """

    outcome: StartOutcome
    scan_id: str = ""
    wait: timedelta = timedelta()

    @property
    def new(self) -> bool:
        """Whether the request started the scan."""
        return self.outcome is StartOutcome.STARTED
