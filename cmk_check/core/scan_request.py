"""What comes of asking for a scan: the scan decides it, the HTTP API answers with it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cmk_check.core.text import few

_SCAN_ID: Final = re.compile(r"([0-9]{8}T[0-9]{6}Z)-[0-9a-z]{1,32}")


def is_scan_id(text: object) -> bool:
    """Tell whether a text can be the id of a scan: when it started, and a few more characters."""
    return began_at(text) is not None


def began_at(scan_id: object) -> datetime | None:
    """Return when the scan with this id began, rounded down to seconds; None for another text."""
    match = _SCAN_ID.fullmatch(scan_id) if isinstance(scan_id, str) else None
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S%z")
    except ValueError:
        return None


def not_found(ids: Sequence[str]) -> str:
    """Say which subscriptions a partial scan did not find, and what to do."""
    return (
        f"Subscriptions not found: {few(ids)}. Azure does not list them for the app's identity, no "
        "scan has recorded them, and no setting names them. Check the ids, or assign the identity "
        "the role Reader on them."
    )


class StartOutcome(StrEnum):
    """What was done about it."""

    STARTED = "started"
    RUNNING = "running"
    TOO_SOON = "too_soon"
    NO_SCAN_YET = "no_scan_yet"
    SCOPE_CHANGED = "scope_changed"


@dataclass(frozen=True, slots=True)
class StartAnswer:
    """``scan_id`` is the scan that was started, is running, or was started just before.

    ``wait`` is how long it is too soon for. A partial scan needs a full one that has finished under
    the present scope: otherwise nothing is started, and ``scan_id`` is empty.
    """

    outcome: StartOutcome
    scan_id: str = ""
    wait: timedelta = timedelta()
