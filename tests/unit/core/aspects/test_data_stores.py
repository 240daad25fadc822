"""Data stores of accounts, in cases that the catalogue's tests leave out."""

from dataclasses import replace
from typing import Final

from cmk_check.core.aspects.aspect import Occasion
from cmk_check.core.aspects.data_stores import DATA_STORES
from cmk_check.core.comparison.judge_accounts import judge_all
from cmk_check.core.comparison.updates import FindingUpdate, Known
from cmk_check.core.data_stores.account_data import AccountData, DataStore
from cmk_check.core.data_stores.facts import AccountPlaces
from cmk_check.core.enums import DataState, StoreState, StoreType
from cmk_check.core.model import Finding
from cmk_check.core.requirements import COVERED_DATA
from tests.fakes.world import good
from tests.unit.core.examples import ID, NOON, compared, known_of, only_finding

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
