"""Alerts of data stores: what is wrong with which store, in one line."""

from dataclasses import replace
from typing import Final

from cmk_check.alerts.slack_teams_text import line_of
from cmk_check.core.account import Reading
from cmk_check.core.comparison.changes import of_baseline
from cmk_check.core.data_enums import DataReason, DataState, StoreState, StoreType
from cmk_check.core.data_stores.account_data import AccountData, DataConcern, DataStore
from cmk_check.core.model import AccountCounts, VerdictCounts
from cmk_check.core.status import Summary
from tests.fakes.world import good
from tests.unit.core.examples import ID, NOON, compared_reading, known_of, recorded

PORTAL: Final = "https://portal.azure.com"
LOST: Final = DataConcern(DataReason.STORE_KEY_LOST, {"stores": "threads"})
BASIC: Final = DataConcern(DataReason.AGENTS_BASIC_SETUP, {"projects": "p"})
REMARK: Final = DataConcern(DataReason.STORED_COMPLETIONS)
STORE: Final = DataStore(StoreType.COSMOS_DB, "/x/threads\u202e", "threads", StoreState.BROKEN)
EXPOSED: Final = AccountData(
    DataState.MAY_BE_MICROSOFT_KEYS, (LOST, BASIC, REMARK), (STORE,), told=("/x/threads",)
)


def test_a_line_says_the_state_the_worst_reason_and_the_stores() -> None:
    """Whoever reads the chat alone must know where to look; remarks are no news."""
    known, lines = known_of(good(ID)), []
    for data in (EXPOSED, AccountData(DataState.OWN_KEYS)):
        found = compared_reading(known, Reading((good(ID),)), data={str(good(ID).id): data})
        (change,) = (one for step in found.steps for one in step.changes if ".data." in one.type)
        lines.append(line_of(change, PORTAL))
        known = recorded(found)

    exposed, covered = lines
    assert exposed.title == "Data of an account lacks a usable customer-managed key"
    assert covered.title == "Data of an account no longer lacks a usable customer-managed key"
    message = LOST.message.removesuffix(".")
    told = f"new -> may_be_microsoft_keys; {message}; also agents_basic_setup; stores: threads"
    assert f"; {told}" in exposed.details
    assert "\u202e" not in exposed.details
    assert covered.details.endswith("; may_be_microsoft_keys -> own_keys")


def test_the_first_scan_counts_data_stores_if_it_read_any() -> None:
    """What the first scan finds is told once, in counts."""
    counts = AccountCounts({"OpenAI": VerdictCounts(2)}, by_data_state={"microsoft_keys": 1})
    said = "data stores of accounts: 1 under Microsoft's keys, 0 perhaps, 1 unknown"

    told = [
        said in line_of(of_baseline("s", NOON, "id", Summary(each), None), PORTAL).details
        for each in (counts, replace(counts, by_data_state={}))
    ]

    assert told == [True, False]
