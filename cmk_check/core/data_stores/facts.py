"""The facts about places of data, from stores and from accounts and their projects, as types.

A store is ``Absent`` if Azure answers that it does not exist, and ``Unread`` if it could not be
read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.enums import StoreType, StoreUsage
from cmk_check.core.reasons.gap_sentences import DATA_NOT_READ
from cmk_check.core.unread import Absent, Unread


@dataclass(frozen=True, slots=True)
class Place:
    """A named store: ``id`` is folded for comparison, or None if the store has no usable id.

    ``name`` is the store's name, or without an id the name of the setting or connection that names
    it. ``project`` is None if the account itself names the store.
    """

    type: StoreType
    id: str | None
    name: str
    use: StoreUsage
    project: str | None = None


@dataclass(frozen=True, slots=True)
class AccountPlaces:
    """The places in an account's properties.

    ``has_projects``: the account may have projects. ``projects`` are the lower-cased names of the
    projects that it lists, "" for an entry that cannot be a name. ``may_keep_completions``: storing
    completions is not switched off. ``is_malformed``: the properties cannot be used.
    """

    places: tuple[Place, ...] = ()
    has_projects: bool = False
    may_keep_completions: bool = False
    is_malformed: bool = False
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectPlaces:
    """The places in an account's projects, capability hosts and connections, as of a time.

    ``basic`` are the projects whose agents lack a store of the customer. ``is_cut``: there were too
    many entries to keep. ``unread`` is why a part is missing, if one is. ``unready`` names the
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
    """A store's key, according to the store.

    ``own`` is whether the key is the customer's, None if that is not clear. ``is_lost`` is whether
    the store can no longer use the key. ``address`` is the key's address, if Azure sends it.
    """

    own: bool | None
    address: str | None = None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class DataFacts:
    """The facts that were read for one account; ``stores`` are by id.

    ``unread`` is why projects, or a store, are missing.
    """

    projects: ProjectPlaces | None = None
    stores: Mapping[str, StoreKey | Absent | Unread] = field(default_factory=dict)
    unread: Unread = Unread(DATA_NOT_READ)  # noqa: RUF009 - it is frozen
