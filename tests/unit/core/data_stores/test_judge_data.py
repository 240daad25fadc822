"""Whose keys an account's data is under, what a change says of it, and what no key covers."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import pytest

from cmk_check.core.aspects.aspect import Occasion
from cmk_check.core.aspects.data_stores import DATA_STORES
from cmk_check.core.comparison.judge_accounts import judge_all
from cmk_check.core.comparison.updates import FindingUpdate, Known
from cmk_check.core.data_stores.account_data import AccountData, DataConcern, DataStore, StoreUse
from cmk_check.core.data_stores.facts import (
    AccountPlaces,
    DataFacts,
    Place,
    ProjectPlaces,
    StoreKey,
)
from cmk_check.core.data_stores.judge_data import judge_data, places_in
from cmk_check.core.enums import (
    DataReason,
    DataState,
    GapReason,
    StoreState,
    StoreType,
    StoreUsage,
    Verdict,
)
from cmk_check.core.gap import Gap
from cmk_check.core.model import Finding
from cmk_check.core.not_covered_by_cmk import limits_of
from cmk_check.core.requirements import COVERED_DATA
from cmk_check.core.unread import Absent, Unread
from cmk_check.limits import MAX_STORE_USES, MAX_STORES_NAMED, MAX_STORES_PER_ACCOUNT
from tests.fakes.world import good
from tests.unit.core.data_stores.data_examples import COSMOS, SEARCH, STORAGE, place
from tests.unit.core.examples import ID, NOON, compared, known_of, only_finding

FILES, THREADS, VECTORS, SPEECH, *_ = StoreUsage
OWN: Final = StoreKey(own=True, address="https://v/keys/k")
MICROSOFT: Final = StoreKey(own=False)
LOST: Final = StoreKey(own=True, is_lost=True)
DENIED: Final = Unread(Gap(GapReason.FORBIDDEN, "Microsoft.Search/read", "Denied."))
PROJECT: Final = (
    place(STORAGE, FILES, "p1"),
    place(COSMOS, THREADS, "p1"),
    place(SEARCH, VECTORS, "p1"),
)
STANDARD: Final = ProjectPlaces(PROJECT, as_of=NOON)
WITH_PROJECTS: Final = AccountPlaces(has_projects=True)
type Stores = Mapping[str, StoreKey | Absent | Unread]
KEYS: Final[Stores] = MappingProxyType(dict.fromkeys((STORAGE, COSMOS, SEARCH), OWN))


def _judged(
    projects: ProjectPlaces | None = STANDARD,
    stores: Stores = MappingProxyType({}),
    account: AccountPlaces = WITH_PROJECTS,
    before: AccountData | None = None,
) -> AccountData:
    return judge_data(account, DataFacts(projects, {**KEYS, **stores}), before)


def _codes(data: AccountData) -> list[DataReason]:
    return [concern.code for concern in data.concerns]


def test_data_is_under_own_keys_where_every_store_says_so() -> None:
    """And each store shows its key and what is kept in it."""
    data = _judged()

    assert (data.state, data.concerns, data.as_of) == (DataState.OWN_KEYS, (), NOON)
    assert {each.state for each in data.stores} == {StoreState.OWN_KEY}
    assert [each.uses for each in data.stores if each.id == STORAGE] == [(StoreUse(FILES, "p1"),)]
    assert {each.key for each in data.stores} == {OWN.address}


@pytest.mark.parametrize(
    ("stores", "state", "codes"),
    [
        ({SEARCH: MICROSOFT}, "microsoft_keys", ["search_not_compliant"]),
        (
            {STORAGE: MICROSOFT, SEARCH: DENIED},
            "microsoft_keys",
            ["store_under_microsoft_key", "store_unread"],
        ),
        ({COSMOS: LOST}, "unknown", ["store_key_lost"]),
        ({SEARCH: DENIED}, "unknown", ["store_unread"]),
        ({SEARCH: Absent(SEARCH)}, "unknown", ["store_gone"]),
        ({SEARCH: StoreKey(None)}, "unknown", ["store_not_understood"]),
    ],
)
def test_one_store_is_enough(stores: Stores, state: str, codes: list[str]) -> None:
    """P1: the others do not make up for it."""
    data = _judged(stores=stores)

    assert (data.state, _codes(data)) == (state, codes)
    assert all(concern.evidence["stores"] for concern in data.concerns)


@pytest.mark.parametrize(
    ("projects", "state", "codes"),
    [
        (None, "unknown", ["places_unread"]),
        (ProjectPlaces(PROJECT, unread=DENIED), "unknown", ["places_unread"]),
        (
            ProjectPlaces(PROJECT, ("p2",), unread=DENIED),
            "may_be_microsoft_keys",
            ["agents_basic_setup", "places_unread"],
        ),
        (ProjectPlaces(PROJECT, is_cut=True), "unknown", ["too_many_stores"]),
        (ProjectPlaces(PROJECT, unready=("p1/h",)), "unknown", ["host_not_ready"]),
        (
            ProjectPlaces((*PROJECT, Place(PROJECT[0].type, None, "c", FILES, "p2"))),
            "unknown",
            ["place_not_understood"],
        ),
        (ProjectPlaces(), "none", []),
    ],
)
def test_projects_count_as_far_as_they_are_known(
    projects: ProjectPlaces | None, state: str, codes: list[str]
) -> None:
    """P1: an unread project may name a store under Microsoft's keys."""
    data = _judged(projects)

    assert (data.state, _codes(data)) == (state, codes)


def test_known_stores_are_followed_while_projects_are_unread() -> None:
    """P1: one of them may have come under Microsoft's keys meanwhile."""
    known = _judged()

    data = _judged(None, {STORAGE: MICROSOFT}, before=known)

    assert {each.id for each in data.stores} == {each.id for each in known.stores}
    assert (data.state, data.as_of) == (DataState.MICROSOFT_KEYS, known.as_of)
    assert _codes(data) == ["store_under_microsoft_key", "places_unread"]


def test_an_account_without_projects_is_judged_without_them() -> None:
    """Nothing was asked, so nothing is missing; stored completions are information."""
    plain = AccountPlaces(may_keep_completions=True)
    speech = AccountPlaces((place(STORAGE, SPEECH),))

    assert _judged(None, account=plain).state is DataState.NONE
    assert _codes(_judged(None, account=plain)) == ["stored_completions"]
    assert _judged(None, account=speech).state is DataState.OWN_KEYS
    assert _judged(None, account=AccountPlaces(is_malformed=True)).state is DataState.UNKNOWN


def test_a_store_that_nobody_tried_to_read_is_unread() -> None:
    """P1: it may have been added a moment ago."""
    data = judge_data(AccountPlaces((place(STORAGE, SPEECH),)), DataFacts(), None)

    assert (data.state, _codes(data)) == (DataState.UNKNOWN, ["store_unread"])


def test_a_missing_action_is_named_before_what_may_pass() -> None:
    """P11: an unknown must name who can end it."""
    late = Unread(Gap(GapReason.TIMEOUT, detail="Late."))

    (concern,) = _judged(stores={COSMOS: late, SEARCH: DENIED}).concerns

    assert concern.missing_action == "Microsoft.Search/read"
    assert concern.message.endswith("Denied.")
    assert concern.evidence == {"stores": "threads-1, vectors-1"}


@pytest.mark.parametrize("more", [0, 1])
def test_more_stores_than_are_followed_are_unknown(more: int) -> None:
    """P1: also in the next scan, which starts with the stored entries."""
    ids = [f"{STORAGE}{number}" for number in range(MAX_STORES_PER_ACCOUNT + more)]
    places = tuple(Place(PROJECT[0].type, each, each[-8:], FILES, "p1") for each in ids)
    facts = DataFacts(ProjectPlaces(places, as_of=NOON), dict.fromkeys(ids, OWN))

    first = judge_data(WITH_PROJECTS, facts, None)
    again = judge_data(WITH_PROJECTS, DataFacts(places_in(first), facts.stores), first)

    assert first == again
    assert first.state is (DataState.UNKNOWN if more else DataState.OWN_KEYS)
    assert len(first.stores) == MAX_STORES_PER_ACCOUNT


def test_what_is_read_once_a_day_comes_back_out_of_what_was_recorded() -> None:
    """P1: every scan reads the stores that projects name."""
    unusable = Place(PROJECT[0].type, None, "c", FILES, "p2")
    account = AccountPlaces((place(STORAGE, SPEECH),), has_projects=True)
    projects = ProjectPlaces((*PROJECT, unusable), ("p3",), NOON)

    first = _judged(projects, account=account)
    again = _judged(places_in(first), account=account, before=first)

    assert again == first
    assert places_in(None) == ProjectPlaces()


def test_what_is_in_sight_is_told_once_however_much_is_out_of_sight() -> None:
    """P4: otherwise every scan would announce it; Azure's spelling of names varies."""
    many = tuple(f"a{number:04}" for number in range(MAX_STORE_USES))
    before = AccountData(DataState.MAY_BE_MICROSOFT_KEYS, told=many)

    data = _judged(ProjectPlaces((), ("Zoo",), unread=DENIED), before=before)

    assert data.exposed == {"zoo"}
    assert data.told == (*many[:-1], "zoo")


@pytest.mark.parametrize(("more", "end"), [(0, ""), (3, " and 3 more")])
def test_evidence_names_a_few_projects_and_counts_the_others(more: int, end: str) -> None:
    """A change must fit into a message."""
    basic = tuple(f"p{number:03}" for number in range(MAX_STORES_NAMED + more))

    (concern,) = _judged(ProjectPlaces((), basic)).concerns

    assert concern.evidence["projects"].endswith(f"p{MAX_STORES_NAMED - 1:03}{end}")


FINDING: Final = replace(
    only_finding(known_of(good(ID))), data=AccountData(DataState.MICROSOFT_KEYS, told=("/s",))
)


def test_a_change_names_what_is_new_before_all_else() -> None:
    """P2: it has ten of each, and must include the new ones."""
    lacking, unread, kind = StoreState.MICROSOFT_KEY, StoreState.UNKNOWN, StoreType.COSMOS_DB
    hidden = [DataStore(kind, f"/a{number:02}", "a", unread) for number in range(20)]
    known, new = (DataStore(kind, store_id, "z", lacking) for store_id in ("/y", "/z"))
    projects = [f"p{number:02}" for number in range(20)]
    had = AccountData(DataState.MICROSOFT_KEYS, told=("/y", *projects))
    has = replace(had, stores=(*hidden, known, new), basic=(*projects, "Zoo"))

    before, after = (replace(FINDING, data=data) for data in (had, has))
    _, (news,) = DATA_STORES.news(before, after, after, Occasion(NOON))

    shown = news.shown["dataStores"]
    assert isinstance(shown, dict)
    assert [store["id"] for store in shown["stores"]] == [
        "/z",
        "/y",
        *(f"/a{n:02}" for n in range(8)),
    ]
    assert shown["basicProjects"] == ["Zoo", *projects[:9]]


def test_data_that_nobody_looked_at_is_not_covered() -> None:
    """P1: where data counts, such an account withdraws the status."""
    nobody = replace(FINDING, data=None)
    own = replace(FINDING, data=AccountData(DataState.OWN_KEYS))

    def is_worse(before: Finding | None, after: Finding) -> bool:
        difference = replace(compared(Known()), steps=(FindingUpdate(before, after, ()),))
        return COVERED_DATA.is_worse(difference)

    assert is_worse(None, nobody)
    assert is_worse(own, nobody)
    assert not is_worse(None, own)
    assert not is_worse(nobody, FINDING)


def test_an_account_that_is_listed_twice_with_other_places_says_nothing_of_them() -> None:
    """P1: one entry would hide the places that the other names, and their order must not matter."""
    twice = [good(ID), replace(good(ID), places=AccountPlaces(has_projects=True))]

    forth, back = judge_all(twice, {}), judge_all(reversed(twice), {})

    assert forth == back
    assert forth[str(FINDING.id)].account.places == AccountPlaces(is_malformed=True)


def test_of_an_openai_account_it_is_said_what_goes_on_after_the_key_is_revoked() -> None:
    """A person who revokes a key relies on its effect; without a key, no limit matters."""
    (only,) = limits_of("openai", Verdict.COMPLIANT)

    assert "after the key is revoked" in only
    for verdict in (Verdict.NON_COMPLIANT, Verdict.UNKNOWN):
        assert limits_of("AIServices", verdict) == ()


def test_where_data_stores_were_read_it_names_what_the_account_uses() -> None:
    """Features that the account does not use are noise for the person who must act."""
    speech = DataStore(
        StoreType.STORAGE_ACCOUNT,
        "/s",
        "voices",
        StoreState.OWN_KEY,
        uses=(StoreUse(StoreUsage.SPEECH_AND_LANGUAGE),),
    )
    files = replace(speech, id="/f", name="files1", uses=(StoreUse(StoreUsage.FILES, "p1"),))
    data = AccountData(DataState.MAY_BE_MICROSOFT_KEYS, (), (files, speech), NOON, ("p2",))

    used = limits_of("AIServices", Verdict.COMPLIANT, data)
    unused = limits_of("AIServices", Verdict.COMPLIANT, AccountData(DataState.NONE))

    named = [text.rpartition(": ")[2] for text in used if ": " in text]
    assert named == ["files1.", "p2.", "voices."]
    assert not any("agent" in text.lower() for text in unused)
    assert any("hosted agent" in text for text in used)
    assert any("Agent 365" in text for text in used)


def test_where_they_could_not_be_read_it_names_what_the_kind_could_use() -> None:
    """Unread features may be in use."""
    kind, verdict = "AIServices", Verdict.COMPLIANT

    for why in (DataReason.PLACES_UNREAD, DataReason.TOO_MANY_STORES):
        data = AccountData(DataState.UNKNOWN, (DataConcern(why),))
        assert limits_of(kind, verdict, data) == limits_of(kind, verdict)
