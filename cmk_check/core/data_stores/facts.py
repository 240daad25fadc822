"""What was read of where data lies, and what accounts and their projects say of it, as types.

What was asked for and is not there is ``Absent``, and ``Unread`` where it could not be asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.enums import StoreType, StoreUsage
from cmk_check.core.reasons.gap_sentences import DATA_NOT_READ
from cmk_check.core.unread import Absent, Unread


@dataclass(frozen=True, slots=True)
class Place:
    """A store that is named: ``id`` as ids are compared; None where it names no usable one.

    ``name`` is that of the store, or without an id of what names it. ``project`` is None where the
    account itself names it.
    """

    type: StoreType
    id: str | None
    name: str
    use: StoreUsage
    project: str | None = None


@dataclass(frozen=True, slots=True)
class AccountPlaces:
    """What the properties of an account say.

    ``has_projects``: it may have projects; ``projects`` are those that it names, lower-cased, ""
    for what cannot be a name. ``may_keep_completions``: storing them is not switched off.
    ``is_malformed``: nothing can be told from it.
    """

    places: tuple[Place, ...] = ()
    has_projects: bool = False
    may_keep_completions: bool = False
    is_malformed: bool = False
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectPlaces:
    """What an account's projects, capability hosts and connections say, as of a time.

    ``basic`` are the projects whose agents lack a store of the customer's. ``is_cut``: something
    was too much to keep. ``unread`` is why something is missing, if so. ``unready`` names the
    capability hosts that are not ready.
    """

    places: tuple[Place, ...] = ()
    basic: tuple[str, ...] = ()
    as_of: datetime | None = None
    unread: Unread | None = None
    is_cut: bool = False
    unready: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreKey:
    """What a store says of its key.

    ``own`` is whether it is the customer's, None where that is not understood; ``is_lost`` whether
    the store can no longer use it. ``address`` is that of the key, if it is said.
    """

    own: bool | None
    address: str | None = None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What was read for one account; stores by their ids.

    ``unread`` is why there is nothing of projects, or of a store.
    """

    projects: ProjectPlaces | None = None
    stores: Mapping[str, StoreKey | Absent | Unread] = field(default_factory=dict)
    unread: Unread = Unread(DATA_NOT_READ)  # noqa: RUF009 - it is frozen
