"""What a check says: a mark and a sentence. Whoever shows it sees to it that names are text."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cmk_check.limits import MAX_NAMES_LISTED


class Mark(StrEnum):
    """How a thing stands; only a problem keeps the app from its work."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the diagnosis. ``text`` says what was found and, if not ok, what to do."""

    mark: Mark
    check: str
    text: str


# What a check function returns: the runner knows its name.
type MarkedText = tuple[Mark, str]


class CheckFailed(Exception):
    """What other checks need is not there. ``str()`` says what was found and what to do."""


class NotTried(Exception):
    """There is nothing to try here. ``str()`` says why."""


def listed(names: Sequence[str]) -> str:
    """Name the first few of many."""
    more = len(names) - MAX_NAMES_LISTED
    return ", ".join(names[:MAX_NAMES_LISTED]) + (f" and {more} more" if more > 0 else "")


def joined(names: Sequence[str]) -> str:
    """Name all of a few, as a sentence does."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
