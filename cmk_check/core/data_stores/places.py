"""What an account and its projects say of where their data lies, as types."""

from dataclasses import dataclass

from cmk_check.core.data_enums import StoreType, StoreUsage


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
