"""Data stores in the evidence: their state, its reasons and the stores, where they are read."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

from cmk_check.core.data_stores.account_data import AccountData, DataConcern, DataStore
from cmk_check.core.enums import DataReason, DataState, StoreState, StoreType, Verdict
from cmk_check.core.model import Finding
from tests.unit.evidence.export_kit import (
    HEALTHY,
    all_sorts,
    estate,
    events_of,
    exported,
    results_of,
)
from tests.unit.web.api_kit import NOON, finding

STORE: Final = DataStore(StoreType.COSMOS_DB, None, "threads", StoreState.MICROSOFT_KEY)
EXPOSED: Final = AccountData(
    DataState.MICROSOFT_KEYS,
    (DataConcern(DataReason.STORE_UNDER_MICROSOFT_KEY, {"stores": "threads"}),),
    (STORE,),
    NOON,
)


def _account(state: DataState, verdict: Verdict = Verdict.COMPLIANT) -> Finding:
    """Return an account with data in a store, and with this state."""
    return replace(finding(state.value, verdict), data=replace(EXPOSED, state=state))


async def test_an_account_under_its_key_with_data_elsewhere_is_no_plain_pass(
    tmp_path: Path,
) -> None:
    """A SIEM would say that all is well."""
    accounts = [replace(_account(state), key_health=HEALTHY) for state in DataState]
    events = events_of(await exported(await estate(accounts), tmp_path))

    assert {name for name, event in events.items() if event["compliance"]["status_id"] == 1} == {
        "own_keys",
        "none",
    }
    told = events["microsoft_keys"]["unmapped"]["dataStores"]
    assert told["state"] == "microsoft_keys"
    assert told["reasons"][0]["code"] == "store_under_microsoft_key"
    assert told["stores"][0]["name"] == "threads"


async def test_what_was_never_read_is_no_plain_pass(tmp_path: Path) -> None:
    """Nobody knows where its data lies, or whether its key works, although the app looks."""
    never = finding("never", Verdict.COMPLIANT)
    well = replace(_account(DataState.OWN_KEYS), key_health=HEALTHY)
    bundle = await exported(await estate([never, well]), tmp_path)

    results = {name: each["compliance"]["status_id"] for name, each in events_of(bundle).items()}
    _, _, section = (bundle / "report.html").read_text().partition("Where accounts keep data")
    assert results == {"never": 2, "own_keys": 1}
    assert ">never<" in section.partition("Exceptions")[0]


async def test_data_under_microsofts_keys_is_a_risk_whatever_the_verdict(tmp_path: Path) -> None:
    """The number of the risk is that of the accounts, as the posture counts them."""
    exposed = replace(EXPOSED, state=DataState.MICROSOFT_KEYS)
    accounts = [
        _account(DataState.OWN_KEYS),
        *(replace(finding(verdict, verdict), data=exposed) for verdict in Verdict),
    ]
    result = results_of(await exported(await estate(accounts), tmp_path))

    numbers = {each["props"][0]["value"]: each["props"][1]["value"] for each in result["risks"]}
    assert numbers["data_exposed"] == str(len(Verdict))


async def test_the_report_lists_accounts_whose_data_may_lie_elsewhere(tmp_path: Path) -> None:
    """An auditor asks where the data is, and how many there are of each sort."""
    accounts = [_account(state) for state in DataState]
    text = (await exported(await estate(accounts), tmp_path) / "report.html").read_text()

    _, _, section = text.partition("Where accounts keep data")
    section, _, _ = section.partition("Exceptions")
    named = {state.value for state in DataState if f">{state.value}<" in section}
    assert named == {"microsoft_keys", "may_be_microsoft_keys", "unknown"}
    assert "under Microsoft" in section
    assert "threads" in section


async def test_where_data_stores_are_off_no_file_speaks_of_them(tmp_path: Path) -> None:
    """Nobody looked, so there is nothing to say."""
    bundle = await exported(await estate(all_sorts()), tmp_path)

    assert "Where accounts keep data" not in (bundle / "report.html").read_text()
    written = json.dumps([results_of(bundle), events_of(bundle)])
    assert "dataStores" not in written
    assert "data-store" not in written
    assert "its data stores" not in written
