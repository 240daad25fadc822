"""Where an account's data lies outside of the account, as findings hold it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cmk_check.core.enums import (
    DataReason,
    DataState,
    ReasonSeverity,
    StoreState,
    StoreType,
    StoreUsage,
)
from cmk_check.core.reasons.catalogue import DATA_REASONS

COVERED: Final = frozenset({DataState.OWN_KEYS, DataState.NONE})
"""The states in which no data outside of an account can be under Microsoft's keys."""


@dataclass(frozen=True, slots=True)
class StoreUse:
    """What is kept in a store, and for which project; None: for the account itself."""

    use: StoreUsage
    project: str | None = None


@dataclass(frozen=True, slots=True)
class DataStore:
    """A store that an account names, and under whose key it is.

    ``id`` is lower-cased; None where what names the store has no usable id, and ``name`` is then
    that of what names it. ``key`` is the address of the key, if Azure says it. ``detail`` says of
    what could not be read why.
    """

    type: StoreType
    id: str | None
    name: str
    state: StoreState
    key: str | None = None
    uses: tuple[StoreUse, ...] = ()
    # Error texts vary: another wording must not count as another store.
    detail: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DataConcern:
    """One reason: its code and what it rests on, texts under camelCase names.

    ``missing_action`` is the permission that reading lacked, ``detail`` says what went wrong.
    """

    code: DataReason
    evidence: Mapping[str, str] = field(default_factory=dict)
    missing_action: str | None = None
    detail: str | None = field(default=None, compare=False)

    @property
    def severity(self) -> ReasonSeverity:
        """How bad it is."""
        return DATA_REASONS[self.code].severity

    @property
    def message(self) -> str:
        """What it means, what to do, and what went wrong, if anything did."""
        text = DATA_REASONS[self.code].text()
        return f"{text} {self.detail}" if self.detail else text


@dataclass(frozen=True, slots=True)
class AccountData:
    """Where an account's data lies, and under whose keys; ``concerns`` are the worst first.

    ``as_of`` is when projects and what they name were last all read and ready, None where the
    account has none.
    ``basic`` are the projects whose agents lack a store of the customer's. ``told`` is what people
    know of, in the words of ``exposed``. ``is_cut``: something was too much to keep.
    """

    state: DataState
    concerns: tuple[DataConcern, ...] = ()
    stores: tuple[DataStore, ...] = ()
    as_of: datetime | None = None
    basic: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    is_cut: bool = False

    @property
    def is_covered(self) -> bool:
        """Whether none of it can be under Microsoft's keys."""
        return self.state in COVERED

    @property
    def exposed(self) -> frozenset[str]:
        """The ids of stores without a usable key of the customer's, and the basic projects.

        All in lower case: Azure writes a name in several ways.
        """
        lacking = {StoreState.MICROSOFT_KEY, StoreState.BROKEN}
        stores = (each.id for each in self.stores if each.id and each.state in lacking)
        return frozenset((*stores, *(name.lower() for name in self.basic)))
