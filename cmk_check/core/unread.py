"""What became of something that was asked for: it is not there, or it could not be read."""

from dataclasses import dataclass

from cmk_check.core.gap import Gap


@dataclass(frozen=True, slots=True)
class Absent:
    """Azure answered that there is no such thing; ``id`` is what was asked for, lower-cased."""

    id: str


@dataclass(frozen=True, slots=True)
class Unread:
    """It could not be read; the gap says why, and which action is missing if that is why.

    ``id`` is what was asked for, lower-cased, where that is known: a vault that is known is looked
    for in its place again.
    """

    gap: Gap
    id: str | None = None
