"""Judge whose keys an account's data outside the account is under.

The data is under the customer's keys only if every named store was read and confirms it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cmk_check.core.data_stores.account_data import (
    AccountData,
    DataConcern,
    DataStore,
    StoreUse,
)
from cmk_check.core.data_stores.facts import (
    AccountPlaces,
    DataFacts,
    Place,
    ProjectPlaces,
    StoreKey,
)
from cmk_check.core.data_stores.parsing import OF_AGENTS
from cmk_check.core.enums import DataReason, DataState, ReasonSeverity, StoreState, StoreType
from cmk_check.core.gap import Gap
from cmk_check.core.text import few
from cmk_check.core.unread import Absent, Unread
from cmk_check.limits import MAX_STORE_USES, MAX_STORES_NAMED, MAX_STORES_PER_ACCOUNT

type Named = dict[tuple[StoreType, str, str, str], list[Place]]
type _Said = tuple[DataReason, str, Gap | None]

_EXPOSED: Final = frozenset({DataReason.STORE_UNDER_MICROSOFT_KEY, DataReason.SEARCH_NOT_COMPLIANT})

_ABOUT: Final = {
    DataReason.AGENTS_BASIC_SETUP: "projects",
    DataReason.HOST_NOT_READY: "capabilityHosts",
}
_STATES: Final = {
    None: StoreState.OWN_KEY,
    DataReason.STORE_UNDER_MICROSOFT_KEY: StoreState.MICROSOFT_KEY,
    DataReason.SEARCH_NOT_COMPLIANT: StoreState.MICROSOFT_KEY,
    DataReason.STORE_KEY_LOST: StoreState.BROKEN,
}


def stores_of(account: AccountPlaces, projects: ProjectPlaces | None) -> tuple[Named, bool]:
    """Return the named stores, sorted, with their places, and whether some had to be left out."""
    places = [*account.places, *(projects.places if projects else ())]
    found: defaultdict[tuple[StoreType, str, str, str], list[Place]] = defaultdict(list)
    for place in places[:MAX_STORE_USES]:
        namesake = "" if place.id else place.project or ""
        found[place.type, place.id or "", place.name, namesake].append(place)
    is_cut = len(places) > MAX_STORE_USES or len(found) > MAX_STORES_PER_ACCOUNT
    kept = dict(sorted(found.items())[:MAX_STORES_PER_ACCOUNT])
    return kept, is_cut or (projects is not None and projects.is_cut)


def places_in(data: AccountData | None) -> ProjectPlaces:
    """Return the places that the last reading of the projects found."""
    if data is None:
        return ProjectPlaces()
    places = tuple(
        Place(store.type, store.id, store.name, each.use, each.project)
        for store in data.stores
        for each in store.uses
        if each.use in OF_AGENTS
    )
    return ProjectPlaces(places, data.basic, data.as_of, is_cut=data.is_cut)


def judge_data(account: AccountPlaces, facts: DataFacts, before: AccountData | None) -> AccountData:
    """Judge where one account keeps data; ``before`` is the recorded result."""
    projects = ProjectPlaces()
    if account.has_projects:
        projects = facts.projects or replace(places_in(before), unread=facts.unread)
    named, is_cut = stores_of(account, projects)
    stores: list[DataStore] = []
    said: list[_Said] = []
    for (kind, store_id, name, _), places in named.items():
        fact = facts.stores.get(store_id, facts.unread) if store_id else None
        code = _fault(kind, fact)
        uses = sorted({(each.use, each.project or "") for each in places})
        gap = fact.gap if isinstance(fact, Unread) else None
        stores.append(
            DataStore(
                kind,
                store_id or None,
                name,
                _STATES.get(code, StoreState.UNKNOWN),
                fact.address if isinstance(fact, StoreKey) else None,
                tuple(StoreUse(use, project or None) for use, project in uses),
                gap.detail if gap else None,
            )
        )
        if code is not None:
            said.append((code, name, gap))
    said += [(DataReason.AGENTS_BASIC_SETUP, project, None) for project in projects.basic]
    if projects.unread is not None:
        said.append((DataReason.PLACES_UNREAD, "", projects.unread.gap))
    said += [(DataReason.HOST_NOT_READY, host, None) for host in projects.unready]
    if account.is_malformed:
        said.append((DataReason.PLACE_NOT_UNDERSTOOD, "properties", None))
    if is_cut:
        said.append((DataReason.TOO_MANY_STORES, "", None))
    if account.may_keep_completions:
        said.append((DataReason.STORED_COMPLETIONS, "", None))
    data = AccountData(
        _state({code for code, _, _ in said}, stores),
        _concerns(said),
        tuple(stores),
        projects.as_of,
        projects.basic,
        is_cut=is_cut,
    )
    return replace(data, told=_told(before, data))


def _concerns(said: Iterable[_Said]) -> tuple[DataConcern, ...]:
    """Build one concern for each reason, with the names that it is about."""
    found: defaultdict[DataReason, dict[str, Gap | None]] = defaultdict(dict)
    for code, name, gap in said:
        found[code].setdefault(name, gap)
    concerns: list[DataConcern] = []
    for code in filter(found.__contains__, DataReason):
        text = few(filter(None, found[code]), MAX_STORES_NAMED)
        gaps = filter(None, found[code].values())
        # A gap that a grant can close is more useful than one that may pass.
        gap = min(gaps, key=lambda each: each.missing_action is None, default=None)
        evidence = {_ABOUT.get(code, "stores"): text} if text else {}
        action, detail = (gap.missing_action, gap.detail) if gap else (None, None)
        concerns.append(DataConcern(code, evidence, action, detail))
    return tuple(concerns)


def _told(before: AccountData | None, after: AccountData) -> tuple[str, ...]:
    """Return what counts as announced: an announced entry that is now unreadable may still hold."""
    if after.is_covered:
        return ()
    is_hidden = any(concern.severity is ReasonSeverity.UNKNOWN for concern in after.concerns)
    kept = before.told if before is not None and is_hidden else ()
    # Readable entries go first: otherwise the cut would announce them in every scan.
    told = dict.fromkeys((*sorted(after.exposed), *kept))
    return tuple(sorted([*told][:MAX_STORE_USES]))


def _fault(kind: StoreType, fact: StoreKey | Absent | Unread | None) -> DataReason | None:
    """Return what is wrong with a store, None only if it confirms a customer-managed key."""
    code: DataReason | None = DataReason.STORE_NOT_UNDERSTOOD
    match fact:
        case None:
            code = DataReason.PLACE_NOT_UNDERSTOOD
        case Unread():
            code = DataReason.STORE_UNREAD
        case Absent():
            code = DataReason.STORE_GONE
        case StoreKey(is_lost=True):
            code = DataReason.STORE_KEY_LOST
        case StoreKey(own=True):
            code = None
        case StoreKey(own=False) if kind is StoreType.SEARCH_SERVICE:
            code = DataReason.SEARCH_NOT_COMPLIANT
        case StoreKey(own=False):
            code = DataReason.STORE_UNDER_MICROSOFT_KEY
    return code


def _state(codes: set[DataReason], stores: list[DataStore]) -> DataState:
    if codes & _EXPOSED:
        return DataState.MICROSOFT_KEYS
    if DataReason.AGENTS_BASIC_SETUP in codes:
        return DataState.MAY_BE_MICROSOFT_KEYS
    if codes - {DataReason.STORED_COMPLETIONS}:
        return DataState.UNKNOWN
    if not stores:
        return DataState.NONE
    own = all(store.state is StoreState.OWN_KEY for store in stores)
    return DataState.OWN_KEYS if own else DataState.UNKNOWN
