"""What the results of ``scan`` and ``check`` contain, for the formats of pipelines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cmk_check.core.enums import ReasonSeverity

# The id of the scan itself.
ESTATE: Final = "/subscriptions"


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason of the catalogue with the message of one case; ``accepted`` is what accepts it."""

    code: str
    severity: ReasonSeverity
    message: str
    accepted: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An account, subscription or document with its problems, or the scan itself.

    ``test`` has a test's class, its name and what it tests. ``place`` is the file and line of a
    resource in a document. ``details`` are further properties of a result. ``old`` is why the
    problems are only the last known ones. ``notes`` change no result.
    """

    id: str
    name: str
    problems: Sequence[Problem]
    test: tuple[str, str, str]
    place: tuple[str, int | None] = ("", 1)
    details: Mapping[str, Any] = field(default_factory=dict)
    old: Problem | None = None
    notes: Sequence[Problem] = ()
