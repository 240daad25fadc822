"""The results of a request without a resource: absent, or unreadable."""

from dataclasses import dataclass

from cmk_check.core.gap import Gap


@dataclass(frozen=True, slots=True)
class Absent:
    """Azure responded that the resource does not exist; ``id`` is its lower-cased id."""

    id: str


@dataclass(frozen=True, slots=True)
class Unread:
    """The resource could not be read; ``gap`` contains the reason and the missing permission.

    ``id`` is the resource's lower-cased id, if it is known: a vault that is known is requested by
    its id in the next scan.
    """

    gap: Gap
    id: str | None = None
