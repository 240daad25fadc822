"""Where an account keeps data outside the account, as findings hold it."""

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
"""The states in which no data outside the account can be under Microsoft's keys."""


@dataclass(frozen=True, slots=True)
class StoreUse:
    """What a store keeps, and for which project; None means for the account itself."""

    use: StoreUsage
    project: str | None = None


@dataclass(frozen=True, slots=True)
class DataStore:
    """A store that an account names, and whose key it is under.

    ``id`` is lower-cased, or None if the setting or connection that names the store has no usable
    id; ``name`` is then the name of that setting or connection. ``key`` is the address of the key,
    if Azure sends it. ``detail`` says why a store could not be read.
    """

    type: StoreType
    id: str | None
    name: str
    state: StoreState
    key: str | None = None
    uses: tuple[StoreUse, ...] = ()
    # Error texts vary: new wording must not count as a changed store.
    detail: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DataConcern:
    """One reason: its code, and its evidence as texts under camelCase names.

    ``missing_action`` is the permission that was missing for reading; ``detail`` says what failed.
    """

    code: DataReason
    evidence: Mapping[str, str] = field(default_factory=dict)
    missing_action: str | None = None
    detail: str | None = field(default=None, compare=False)

    @property
    def severity(self) -> ReasonSeverity:
        """The severity of the reason."""
        return DATA_REASONS[self.code].severity

    @property
    def message(self) -> str:
        """What the reason means, what to do, and what failed, if anything."""
        text = DATA_REASONS[self.code].text()
        return f"{text} {self.detail}" if self.detail else text


@dataclass(frozen=True, slots=True)
class AccountData:
    """Where an account keeps data, and under whose keys; ``concerns`` are sorted worst first.

    ``as_of`` is when all projects and the stores they name were last read and ready, None if the
    account has no projects. ``basic`` are the projects whose agents lack a store of the customer.
    ``told`` is the part of ``exposed`` that was announced. ``is_cut``: there were too many entries
    to keep.
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
        """Whether no data can be under Microsoft's keys."""
        return self.state in COVERED

    @property
    def exposed(self) -> frozenset[str]:
        """The ids of stores without a usable customer-managed key, and the basic projects.

        All are lower-cased, because Azure's spelling of names varies.
        """
        lacking = {StoreState.MICROSOFT_KEY, StoreState.BROKEN}
        stores = (each.id for each in self.stores if each.id and each.state in lacking)
        return frozenset((*stores, *(name.lower() for name in self.basic)))
