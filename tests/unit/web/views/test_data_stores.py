"""Data stores as the API shows them: of each account, in sums, in the table and in the metrics."""

import csv
import io
from dataclasses import replace
from typing import Any, Final

import pytest

from cmk_check.core.data_stores.account_data import AccountData, DataConcern, DataStore, StoreUse
from cmk_check.core.enums import DataReason, DataState, StoreState, StoreType, StoreUsage
from cmk_check.core.model import AccountCounts, Finding, VerdictCounts
from tests.unit.web.api_kit import EARLIER, PRODUCTION, Served, coverage, finding, status_of
from tests.unit.web.asgi_client import send

FINDINGS: Final = "/api/v1/findings"
STORE: Final = f"/subscriptions/{PRODUCTION}/resourcegroups/rg/providers/microsoft.storage/"
EXPOSED: Final = AccountData(
    DataState.MICROSOFT_KEYS,
    (
        DataConcern(DataReason.STORE_UNDER_MICROSOFT_KEY, {"stores": STORE}),
        DataConcern(DataReason.STORE_UNREAD, {}, "Microsoft.Storage/read", "403."),
    ),
    (
        DataStore(
            StoreType.STORAGE_ACCOUNT,
            STORE,
            "st",
            StoreState.MICROSOFT_KEY,
            None,
            (StoreUse(StoreUsage.FILES, "team"), StoreUse(StoreUsage.SPEECH_AND_LANGUAGE)),
        ),
    ),
    EARLIER,
    ("basic",),
    told=("what people know of stays inside",),
)
# One of the ten was never looked at, and one could not be read.
COUNTED: Final = AccountCounts(
    {"OpenAI": VerdictCounts(compliant=9, non_compliant=1)},
    {"customer_managed_key": 9, "key_not_named": 1},
    by_data_state={"own_keys": 4, "microsoft_keys": 3, "none": 1, "unknown": 1},
)
SHOWN: Final = {
    "ownKeys": 4,
    "microsoftKeys": 3,
    "mayBeMicrosoftKeys": 0,
    "unknown": 2,
    "none": 1,
}


def _with(data: AccountData, name: str = "safe") -> Finding:
    return replace(finding(name), data=data)


async def test_a_finding_says_all_that_is_known_of_its_stores(empty: Served) -> None:
    """Whoever has to set a key needs the store, what it is used for, and by which project."""
    await empty.put(coverage(), [_with(EXPOSED), finding("unseen")])

    safe, unseen = (await send(empty.app(), FINDINGS)).json["value"]
    alone = await send(empty.app(), f"{FINDINGS}{_with(EXPOSED).id.text}")

    assert unseen["dataStores"] is None
    shown: dict[str, Any] = safe["dataStores"]
    assert alone.json["dataStores"] == shown
    exposed, unread = shown.pop("reasons")
    assert list(exposed.items()) == [
        ("code", "store_under_microsoft_key"),
        ("severity", "error"),
        ("message", EXPOSED.concerns[0].message),
        ("evidence", {"stores": STORE}),
        ("missingAction", None),
    ]
    assert unread["missingAction"] == "Microsoft.Storage/read"
    assert unread["message"].endswith(" 403.")
    assert shown == {
        "state": "microsoft_keys",
        "stores": [
            {
                "type": "storage_account",
                "id": STORE,
                "name": "st",
                "state": "microsoft_key",
                "key": None,
                "uses": [
                    {"project": "team", "use": "files"},
                    {"project": None, "use": "speech_and_language"},
                ],
                "detail": None,
            }
        ],
        "basicProjects": ["basic"],
        "asOf": "2026-11-22T12:00:00Z",
    }


@pytest.mark.parametrize("counted", [True, False], ids=["read", "never read"])
async def test_sums_count_every_account_once_or_say_that_nobody_looked(
    empty: Served, *, counted: bool
) -> None:
    """An account whose stores were never looked at is not covered, and must not be left out."""
    row = coverage(accounts=COUNTED if counted else replace(COUNTED, by_data_state={}))
    await empty.put(row)
    await empty.put_status(status_of(row))
    app = empty.app()

    estate = (await send(app, "/api/v1/status")).json
    (listed,) = (await send(app, "/api/v1/subscriptions")).json["value"]
    metrics = (await send(app, "/api/v1/metrics")).body.decode().splitlines()

    assert estate["dataStores"] == listed["dataStores"] == (SHOWN if counted else None)
    assert sum(SHOWN.values()) == estate["accounts"]["total"]
    name = "cmkcheck_accounts_data_stores"
    samples = [line for line in metrics if line.startswith(name)]
    wanted = zip(DataState, SHOWN.values(), strict=True)
    assert samples == [f'{name}{{state="{s}"}} {n}.0' for s, n in wanted if counted]


async def test_the_table_has_the_state_and_its_reasons(empty: Served) -> None:
    """Sheets that are built on the columns of before must find them where they were."""
    await empty.put(coverage(), [finding("bad"), _with(EXPOSED)])

    answer = await send(empty.app(), f"{FINDINGS}?format=csv")

    text = answer.body.decode("utf-8-sig")
    cells = [list(row.items())[-4:-2] for row in csv.DictReader(io.StringIO(text, newline=""))]
    reasons = "store_under_microsoft_key; store_unread"
    assert cells == [
        [("dataStores", ""), ("dataStoreReasons", "")],
        [("dataStores", "microsoft_keys"), ("dataStoreReasons", reasons)],
    ]
