"""A broken row affects only itself: all lists and responses keep working (P7)."""

from typing import Any

import pytest

from cmk_check.core.enums import ChangeType, CoverageState
from cmk_check.core.model import Change
from cmk_check.ports import Delete, Insert, Table
from cmk_check.store import table_keys
from cmk_check.store.change_feed import FeedTable
from tests.unit.web.api_kit import NOON, PRODUCTION, Served, coverage, finding
from tests.unit.web.asgi_client import Answer, send

LISTS = ("findings", "findings?format=csv", "findings?format=xlsx", "subscriptions", "scans")
CHAT, SAFE = (f"findings{finding(name).id}" for name in ("Chat", "safe"))
ONE = f"status?subscription={PRODUCTION}"
EARLY, LATE, NAIVE = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-25T12:00:00"
KEY = f'{{"state":"healthy","expires":"{LATE}"}}'
HISTORY = (
    f'[{{"at":"{EARLY}","verdict":"compliant","reason":"customer_managed_key","scan_id":"s"}}]'
)
FINDING = table_keys.finding_row("rg-ai", "safe")


async def _all(served: Served, *paths: str) -> dict[str, Answer]:
    """Request everything; nothing may fail."""
    answers = {path: await send(served.app(), f"/api/v1/{path}") for path in (*LISTS, *paths)}
    assert {path: answer.status for path, answer in answers.items() if answer.status != 200} == {}
    return answers


@pytest.mark.parametrize("wrong", ["oops", EARLY, LATE, NAIVE])
async def test_a_broken_status_is_unknown_and_costs_no_other_answer(
    served: Served, wrong: str
) -> None:
    """The posture is unknown until the next scan ends (P1)."""
    stored = await served.store.get(Table.SCANS, "scan", "status")
    assert stored
    right = "2026-11-25T12:00:00Z" if wrong != "oops" else str(stored.values["document0"])
    text = str(stored.values["document0"]).replace(right, wrong)
    await served.change(Table.SCANS, "scan", "status", document0=text)

    status = (await _all(served, "status", "metrics", CHAT))["status"].json

    assert (status["posture"], status["asOf"]) == ("unknown", None)
    assert [reason["code"] for reason in status["reasons"]] == ["no_scan_yet"]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("schema", 5, "row_too_new"),
        *((("firstSeen"), time, "malformed") for time in (EARLY, LATE, NAIVE)),
        ("changedAt", LATE, "malformed"),
        ("violatedSince", EARLY, "malformed"),
        ("history", HISTORY, "malformed"),
        ("history", "[{", "malformed"),
        ("keyDetail", KEY, "malformed"),
    ],
)
async def test_p1_a_finding_that_cannot_be_trusted_is_unknown_without_a_past(
    served: Served, column: str, value: str | int, reason: str
) -> None:
    """One such row once broke every list, and no scan repaired it."""
    await served.change(Table.FINDINGS, PRODUCTION, FINDING, **{column: value, "changes": 7})

    answers = await _all(served, ONE, CHAT, SAFE)

    shown = answers[SAFE].json
    (listed,) = [entry for entry in answers["findings"].found if entry["id"] == shown["id"]]
    assert {name: shown[name] for name in listed} == listed
    assert (shown["verdict"], shown["reason"]) == ("unknown", reason)
    assert (shown["history"], shown["changes"], shown["remediation"]) == ([], 0, None)
    assert shown["firstSeen"] is shown["changedAt"] is None
    assert shown["subscriptionName"] == "Production"
    assert reason != "malformed" or "delete the row" in shown["message"]


@pytest.mark.parametrize("state", [CoverageState.READ, CoverageState.EXCLUDED])
@pytest.mark.parametrize(
    "broken", [{"schema": 99}, {"since": EARLY}, {"lastRead": NAIVE}, {"accounts": "{"}]
)
async def test_p1_a_subscription_that_cannot_be_trusted_is_a_gap_and_never_left_out(
    empty: Served, broken: dict[str, Any], state: CoverageState
) -> None:
    """Whatever state the row claims; a filter by that state does not find it."""
    await empty.put(coverage(state), [finding("safe")])
    await empty.change(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE, **broken)

    of_one = f"findings?subscription={PRODUCTION}"  # its id is right
    answers = await _all(empty, ONE, SAFE, of_one, "subscriptions?coverage=gap")
    as_it_says = await send(empty.app(), f"/api/v1/subscriptions?coverage={state}")

    (shown,) = answers["subscriptions"].found
    assert answers["subscriptions?coverage=gap"].found == [shown]
    assert as_it_says.found == []
    assert (shown["subscriptionId"], shown["coverage"]) == (PRODUCTION, "gap")
    assert (shown["gap"]["reason"], bool(shown["gap"]["detail"])) == ("slice_failed", True)
    assert [shown[name] for name in ("name", "state", "since", "lastRead")] == [None] * 4
    status = answers[ONE].json
    assert (status["posture"], status["fresh"], status["asOf"]) == ("unknown", False, None)
    assert (status["gaps"][0]["reason"], status["gaps"][0]["since"]) == ("slice_failed", None)
    of_account = answers[SAFE].json
    assert (of_account["verdict"], of_account["coverage"]) == ("non_compliant", "gap")
    assert [of_account[name] for name in ("asOf", "subscriptionName", "tenantId")] == [None] * 3


async def test_an_account_without_a_row_of_its_subscription_is_of_a_gap(empty: Served) -> None:
    """This version must not vouch for rows that it cannot read, or date them to 1970."""
    row = table_keys.finding_row("rg", "chat")
    newer = [Insert(row, {"schema": 5, "verdict": "compliant", "kind": "OpenAI"})]
    await empty.store.commit(Table.FINDINGS, table_keys.get_partition(PRODUCTION), newer)

    (shown,) = (await send(empty.app(), "/api/v1/findings")).found

    assert (shown["verdict"], shown["reason"]) == ("unknown", "row_too_new")
    assert [shown[name] for name in ["firstSeen", "changedAt", "asOf"]] == [None] * 3
    assert shown["coverage"] == "gap"


@pytest.mark.parametrize("query", ["verdict=compliant", "owner=nobody"])
async def test_a_filter_that_leaves_all_out_is_no_missing_subscription(
    empty: Served, query: str
) -> None:
    """Somebody deleted its row, and the findings are still there."""
    await empty.put(coverage(), [finding()])
    row = await empty.store.get(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE)
    assert row is not None
    await empty.store.commit(Table.FINDINGS, PRODUCTION, [Delete(row.row, row.etag)])

    answer = await send(empty.app(), f"/api/v1/findings?subscription={PRODUCTION}&{query}")

    assert (answer.status, answer.found) == (200, [])


STATUS, HEAD = (Table.SCANS, "scan", "status"), (Table.CHANGES, "feed", "head")


@pytest.mark.parametrize(
    ("target", "row"),
    [
        ("status", STATUS),
        *((target, HEAD) for target in ("changes", "changes?since=2", "changes?last=1", "summary")),
        ("summary", (Table.CHANGES, "feed", table_keys.feed_row(1))),
    ],
)
async def test_what_a_newer_version_wrote_is_refused_and_never_looks_quiet(
    served: Served, target: str, row: tuple[Table, str, str]
) -> None:
    """Changes wait behind such a head. Waiting does not help, so there is no Retry-After."""
    for number in (1, 2):
        change = Change(f"id-{number}", ChangeType.ACCOUNT_VIOLATED, NOON, "/s", "/a", {}, number)
        await FeedTable(served.store, served.clock).publish([change])
    await served.change(*row, schema=99, writtenBy="0.9.0")

    answer = await send(served.app(), f"/api/v1/{target}")

    assert (answer.status, answer.error) == (503, ("NewerVersionNeeded", None))
    assert answer.json["error"]["message"] == (
        "A newer version of cmk_check (0.9.0) uses this storage: deploy that version again."
    )
    assert "retry-after" not in answer.headers
