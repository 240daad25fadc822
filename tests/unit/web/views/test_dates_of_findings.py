"""As of when a finding is: never newer than the reading that it rests on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.enums import CoverageState, Reason, Verdict
from cmk_check.core.model import Transition
from cmk_check.ports import Insert, Table
from cmk_check.store import table_keys
from tests.unit.web.api_kit import (
    EARLIER,
    LAB,
    NOON,
    PRODUCTION,
    Served,
    coverage,
    finding,
    status_of,
)
from tests.unit.web.asgi_client import send

FINDINGS = "/api/v1/findings"


async def test_p1_an_old_verdict_keeps_its_date(served: Served) -> None:
    """A subscription out of reach since days must not look checked today."""
    answer = await send(served.app(), f"{FINDINGS}?subscription={LAB}")

    (shown,) = answer.json["value"]
    assert (shown["verdict"], shown["coverage"]) == ("compliant", "gap")
    assert shown["asOf"] == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize(
    ("state", "scan_id", "as_of"),
    [
        (CoverageState.READ, "20261125T123000Z-0a1b", "2026-11-25T12:30:00Z"),
        (CoverageState.READ, "20261125T113000Z-0a1b", "2026-11-25T12:00:00Z"),
        (CoverageState.READ, "20261125T140000Z-0a1b", "2026-11-25T12:00:00Z"),
        (CoverageState.READ, "no scan", "2026-11-25T12:00:00Z"),
        (CoverageState.GAP, "20261125T123000Z-0a1b", "2026-11-22T12:00:00Z"),
    ],
)
async def test_a_finding_is_of_the_partial_scan_that_found_it_changed(
    empty: Served, state: CoverageState, scan_id: str, as_of: str
) -> None:
    """Evidence must not date a verdict before the reading that found it, nor after any reading."""
    read = Transition(NOON, Verdict.COMPLIANT, Reason.CUSTOMER_MANAGED_KEY, scan_id)
    fixed = replace(finding("fixed", Verdict.COMPLIANT), history=(read,))
    row = coverage(state)
    await empty.put(row, [fixed])
    await empty.put_status(status_of(row))
    empty.clock.time = NOON + timedelta(hours=1)

    answer = await send(empty.app(), f"{FINDINGS}?q=fixed")

    assert [entry["asOf"] for entry in answer.json["value"]] == [as_of]


async def test_while_the_first_scan_runs_a_finding_is_of_its_own_reading(empty: Served) -> None:
    """There is no finished scan yet that could date it."""
    await empty.put(coverage(), [finding()])

    answer = await send(empty.app(), FINDINGS)

    assert answer.json["value"][0]["asOf"] == f"{EARLIER:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("state", CoverageState)
async def test_callers_see_the_coverage_of_the_subscription(
    empty: Served, state: CoverageState
) -> None:
    """It says how far the verdict can be relied on."""
    await empty.put(coverage(state), [finding()])

    answer = await send(empty.app(), FINDINGS)

    assert answer.json["value"][0]["coverage"] == state.value


async def test_a_row_of_a_newer_version_is_unknown_and_undated(empty: Served) -> None:
    """What this version cannot read it must not vouch for, nor date to 1970."""
    row = table_keys.finding_row("rg", "chat")
    newer = [Insert(row, {"schema": 2, "verdict": "compliant", "kind": "OpenAI"})]
    await empty.store.commit(Table.FINDINGS, table_keys.partition_of(PRODUCTION), newer)

    (shown,) = (await send(empty.app(), FINDINGS)).json["value"]
    filtered = await send(empty.app(), f"{FINDINGS}?verdict=compliant")

    assert (shown["verdict"], shown["reason"]) == ("unknown", "row_too_new")
    assert [shown[name] for name in ["firstSeen", "changedAt", "asOf"]] == [None] * 3
    assert shown["coverage"] == "gap"
    assert filtered.json["value"] == []
