"""The results of a request that returned nothing: the resource is absent or could not be read."""

from dataclasses import dataclass

from cmk_check.core.gap import Gap


@dataclass(frozen=True, slots=True)
class Absent:
    """Azure answered that the resource does not exist; ``id`` is its lower-cased id."""

    id: str


@dataclass(frozen=True, slots=True)
class Unread:
    """The resource could not be read; ``gap`` says why, with the missing action if there is one.

    ``id`` is the resource's lower-cased id if it is known: a known vault is requested by its id
    again.
    """

    gap: Gap
    id: str | None = None
