"""The results of a request that returned no resource, which is either absent or unread."""

from dataclasses import dataclass

from cmk_check.core.gap import Gap


@dataclass(frozen=True, slots=True)
class Absent:
    """Azure responded that a resource does not exist; ``id`` is the resource's lower-cased id."""

    id: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A resource could not be read; ``gap`` contains the reason and the missing permission.

    ``id`` is the resource's lower-cased id, if known. The next scan requests a known vault by id.
    """

    gap: Gap
    id: str | None = None
