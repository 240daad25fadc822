"""The aspect data stores: where else an account keeps data, and under whose keys.

A failed read is not announced: what was announced holds until a read shows a change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final, override

from cmk_check.core.aspects.aspect import (
    AnyAccount,
    Judged,
    News,
    Occasion,
    StateAspect,
    shown_reasons,
)
from cmk_check.core.data_stores.account_data import COVERED, AccountData
from cmk_check.core.data_stores.facts import AccountPlaces
from cmk_check.core.enums import ChangeType, DataState, ReasonSeverity, StoreState
from cmk_check.core.model import AccountCounts, Finding
from cmk_check.limits import MAX_CHANGE_REASONS, MAX_CHANGE_TEXT_CHARS

_BADNESS: Final = {
    DataState.UNKNOWN: 1,
    DataState.MAY_BE_MICROSOFT_KEYS: 2,
    DataState.MICROSOFT_KEYS: 3,
}


class DataStoresAspect(StateAspect):
    """Data outside the account; applies to every verdict."""

    name = "dataStores"
    states = DataState
    counted_as = "dataStores"
    counted: ClassVar[tuple[str, Mapping[str, str]]] = (
        "data stores of accounts",
        {
            "microsoftKeys": "under Microsoft's keys",
            "mayBeMicrosoftKeys": "perhaps",
            "unknown": "unknown",
            "ownKeys": "under own keys",
            "none": "nowhere else",
        },
    )
    changes: ClassVar[Mapping[ChangeType, str]] = {
        ChangeType.DATA_EXPOSED: "Data of an account lacks a usable customer-managed key",
        ChangeType.DATA_COVERED: "Data of an account no longer lacks a usable customer-managed key",
    }
    titles = ("data stores", "data stores")
    troubles: ClassVar[Mapping[str, ReasonSeverity]] = {
        DataState.MICROSOFT_KEYS: ReasonSeverity.ERROR,
        DataState.MAY_BE_MICROSOFT_KEYS: ReasonSeverity.WARNING,
        DataState.UNKNOWN: ReasonSeverity.UNKNOWN,
    }
    well = COVERED

    @override
    def state_of(self, account: AnyAccount) -> str | None:
        return account.data.state.value if account.data else None

    @override
    def by_state(self, counts: AccountCounts) -> Mapping[str, int]:
        return counts.by_data_state

    @override
    def with_states(self, counts: AccountCounts, by_state: Mapping[str, int]) -> AccountCounts:
        return replace(counts, by_data_state=by_state)

    @override
    def shown(self, account: AnyAccount) -> dict[str, object] | None:
        return {"dataStores": account.data.state.value} if account.data else None

    @override
    def is_worse(self, before: Finding, after: AnyAccount) -> bool:
        had, has = _badness(before.data), _badness(after.data)
        if after.data is None or has < had:
            return False
        return has > had or _news(before.data, after.data) is ChangeType.DATA_EXPOSED

    @override
    def of_two(self, taken: Judged, other: Judged) -> Judged:
        """Trust neither entry if they name different places: one would hide the other's."""
        if taken.account.places == other.account.places:
            return taken
        places = AccountPlaces(is_malformed=True)
        return replace(taken, account=replace(taken.account, places=places))

    @override
    def kept(self, before: Finding, read: Judged) -> Judged:
        return replace(read, data=before.data)

    @override
    def news(
        self,
        before: Finding | None,
        after: Finding,
        read: AnyAccount,
        occasion: Occasion,
    ) -> tuple[Finding, Sequence[News]]:
        had, data = before.data if before else None, after.data
        kind = _news(had, data) if data else None
        if kind is None or data is None:
            return after, ()
        shown = {"dataStores": _data(data, data.exposed - set(had.told if had else ()))}
        return after, (News(kind, shown),)

    @override
    def column(self, state: str) -> str | None:
        """Return the column; unreadable rows count as unknown, whatever state they contain."""
        return None if state == DataState.UNKNOWN else "dataState"


def _badness(data: AccountData | None) -> int:
    return 1 if data is None else _BADNESS.get(data.state, 0)


def _news(before: AccountData | None, after: AccountData) -> ChangeType | None:
    told = before.told if before else ()
    if after.exposed - set(told):
        return ChangeType.DATA_EXPOSED
    return ChangeType.DATA_COVERED if told and after.is_covered else None


def _data(data: AccountData, news: frozenset[str]) -> dict[str, object]:
    """Show where uncovered data is and why, new entries first, then the worst."""
    lacking = sorted(
        (store for store in data.stores if store.state is not StoreState.OWN_KEY),
        key=lambda store: (store.id not in news, store.state is StoreState.UNKNOWN),
    )
    basic = sorted(data.basic, key=lambda name: name.lower() not in news)
    return {
        "stores": [
            {
                "type": store.type.value,
                "id": store.id and store.id[:MAX_CHANGE_TEXT_CHARS],
                "state": store.state.value,
            }
            for store in lacking[:MAX_CHANGE_REASONS]
        ],
        "basicProjects": basic[:MAX_CHANGE_REASONS],
        "reasons": shown_reasons(data.concerns),
    }


DATA_STORES: Final = DataStoresAspect()
