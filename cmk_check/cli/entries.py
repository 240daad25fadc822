"""The content of the results of ``scan`` and ``check``, for the formats of pipelines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cmk_check.core.enums import ReasonSeverity

# The id of the scan itself.
ESTATE: Final = "/subscriptions"


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason with the message of one case; ``accepted`` says what accepts the problem."""

    code: str
    severity: ReasonSeverity
    message: str
    accepted: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An account, subscription or document with its problems, or the scan itself.

    ``test`` contains a test's class, its name and its subject. ``place`` is the file and the line
    of a resource in a document. ``details`` are further properties of a result. ``old`` says why
    the problems are only the last known problems. ``notes`` do not affect any result.
    """

    id: str
    name: str
    problems: Sequence[Problem]
    test: tuple[str, str, str]
    place: tuple[str, int | None] = ("", 1)
    details: Mapping[str, Any] = field(default_factory=dict)
    old: Problem | None = None
    notes: Sequence[Problem] = ()
