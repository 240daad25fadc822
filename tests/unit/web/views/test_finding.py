"""One finding: everything that is known of it, under its id however that is written."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.account import Evidence, Judgement
from cmk_check.core.enums import KeyState, Reason, Verdict
from cmk_check.core.model import Finding, Transition
from cmk_check.ports import Insert, Replace, Table
from cmk_check.store import table_keys
from cmk_check.web import models
from tests.fakes.hostile import NAMES
from tests.unit.web.api_kit import EARLIER, LAB, NOON, PRODUCTION, Served, coverage, finding
from tests.unit.web.asgi_client import Answer, send

FINDINGS = "/api/v1/findings"
TEXTS = (*NAMES, "=cmd|' '!A0", "$(touch x)`x`", "'; rm -rf /", "EOF\n", "${x}", "", " ")


def _path(found: Finding) -> str:
    return f"{FINDINGS}{found.id.text}"


async def _one(served: Served, target: str) -> dict[str, Any]:
    answer = await send(served.app(), target)
    assert answer.status == 200, answer.json
    shown: dict[str, Any] = answer.json
    return shown


async def test_a_finding_alone_is_that_of_the_list_and_more(served: Served) -> None:
    """Whoever goes from the list to one of it must not meet another answer."""
    (listed,) = (await send(served.app(), f"{FINDINGS}?verdict=non_compliant")).json["value"]

    shown = await _one(served, f"{FINDINGS}{listed['id']}")

    assert list(shown) == [
        *listed,
        "history",
        "changes",
        "remediation",
        "limits",
        "controls",
    ]
    assert {name: shown[name] for name in listed} == listed


async def test_history_is_told_oldest_first_with_the_number_of_all_transitions(
    empty: Served,
) -> None:
    """Since when, and how often already: 20 are kept of any number."""
    history = (
        Transition(
            EARLIER, Verdict.COMPLIANT, Reason.CUSTOMER_MANAGED_KEY, "scan-1", KeyState.BROKEN
        ),
        Transition(NOON, Verdict.NON_COMPLIANT, Reason.KEY_NOT_NAMED, "scan-2"),
    )
    found = replace(finding(), history=history, changes=23)
    await empty.put(coverage(), [found])

    shown = await _one(empty, _path(found))

    assert shown["changes"] == 23
    assert shown["history"] == [
        {
            "at": "2026-11-22T12:00:00Z",
            "verdict": "compliant",
            "reason": "customer_managed_key",
            "keyHealth": "broken",
            "scanId": "scan-1",
        },
        {
            "at": "2026-11-25T12:00:00Z",
            "verdict": "non_compliant",
            "reason": "key_not_named",
            "keyHealth": None,
            "scanId": "scan-2",
        },
    ]


async def test_what_is_wrong_comes_with_what_to_do(served: Served) -> None:
    """In words, and as text to copy with the account's own names."""
    remedy = (await _one(served, _path(finding("chat"))))["remediation"]

    assert list(remedy) == ["summary", "steps", "az", "bicep"]
    assert {tuple(step) for step in remedy["steps"]} == {("title", "why", "warning")}
    assert "chat" in remedy["summary"].lower()
    assert PRODUCTION in remedy["az"]
    assert "Microsoft.CognitiveServices/accounts" in remedy["bicep"]


@pytest.mark.parametrize("name", ["safe", "odd"])
async def test_where_nothing_is_known_to_be_wrong_there_is_nothing_to_do(
    served: Served, name: str
) -> None:
    """Advice that nobody needs is followed by somebody."""
    shown = await _one(served, _path(finding(name)))

    assert shown["verdict"] in {"compliant", "unknown"}
    assert shown["remediation"] is None


CHAT = finding("Chat").id.text


@pytest.mark.parametrize(
    "written",
    [
        CHAT[1:].replace("cognitiveservices", "CognitiveServices"),
        CHAT[1:].upper(),
        CHAT,
    ],
    ids=["as Azure spells it", "shouted", "with its first slash"],
)
async def test_an_id_is_found_in_any_casing(served: Served, written: str) -> None:
    """ARM itself answers with more than one."""
    assert (await _one(served, f"{FINDINGS}/{written}"))["name"] == "Chat"


@pytest.mark.parametrize(
    "group", ["rg-forschung_(süd).2", "rg 100%41", "50%", "%2f%2F", "Größe 😀"]
)
async def test_p10_a_name_is_taken_as_the_adapter_decoded_it(empty: Served, group: str) -> None:
    """Decoded once more, an id would lead to another account."""
    found = finding(group=group)
    await empty.put(coverage(), [found])

    shown = await _one(empty, _path(found))

    assert shown["resourceGroup"] == group
    assert shown["portalUrl"].endswith(quote(found.id.text))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/",
        "x",
        "subscriptions",
        f"subscriptions/{PRODUCTION}",
        f"subscriptions/{PRODUCTION}/resourceGroups/rg-ai",
        "subscriptions//resourceGroups//providers/Microsoft.CognitiveServices/accounts/",
        f"subscriptions/{PRODUCTION}/resourceGroups/rg/providers/Microsoft.Web/sites/chat",
        f"{finding('chat').id.text[1:]}/deployments/gpt",
        f"{finding('chat').id.text[1:]}/",
        f"//{finding('chat').id.text}",
        finding("chat").id.text.replace("rg-ai", "g" * 91)[1:],
        f"{finding('chat').id.text[1:]}{'x' * 5000}",
    ],
)
async def test_what_is_no_accounts_id_is_not_found(served: Served, written: str) -> None:
    """The answer says what an id is like; nothing is read for it."""
    served.store.log.clear()

    answer = await send(served.app(), f"{FINDINGS}/{written}")

    assert (answer.status, answer.error) == (404, ("NotFound", "id"))
    assert "Microsoft.CognitiveServices/accounts/" in answer.json["error"]["message"]
    assert served.store.log == []


@pytest.mark.parametrize(
    "found",
    [
        finding("nothing"),
        finding("chat", group="rg"),
        finding("chat", subscription_id=LAB),
        finding("chat", subscription_id="s" * 2000),
        finding("chat", subscription_id="coverage"),
        finding("chat", group="finding|x"),
    ],
    ids=["name", "group", "subscription", "too long for a key", "no GUID", "like a key"],
)
async def test_an_account_that_is_not_recorded_is_not_found(served: Served, found: Finding) -> None:
    """Another one's answer in its place would be a false one."""
    answer = await send(served.app(), _path(found))

    assert (answer.status, answer.error) == (404, ("NotFound", "id"))
    assert "/api/v1/findings lists" in answer.json["error"]["message"]


@settings(max_examples=30)
@given(st.text(max_size=300) | st.sampled_from(TEXTS))
def test_no_id_fails_otherwise(text: str) -> None:
    """Anything else would be a 500."""
    for target in (f"{FINDINGS}/{text}", _path(finding()).replace("chat", text)):
        scoped = target.replace("?", "%3F")
        answer = asyncio.run(send(Served().app(), scoped))
        assert answer.status == 404


@pytest.mark.parametrize(
    ("values", "reason"),
    [({"schema": 2}, "row_too_new"), ({"history": "[{"}, "malformed")],
    ids=["newer", "broken"],
)
async def test_p1_a_row_that_cannot_be_trusted_is_unknown_without_a_past(
    empty: Served, values: dict[str, str | int], reason: str
) -> None:
    """What it says of its verdict, or of what was, is nobody's word."""
    found = replace(
        finding(verdict=Verdict.COMPLIANT),
        changes=7,
        history=(Transition(NOON, Verdict.COMPLIANT, Reason.CUSTOMER_MANAGED_KEY, "scan-1"),),
    )
    await empty.put(coverage(), [found])
    row = table_keys.finding_row("rg-ai", "chat")
    entity = await empty.store.get(Table.FINDINGS, PRODUCTION, row)
    assert entity
    write = Replace(row, dict(entity.values) | values, entity.etag)
    await empty.store.commit(Table.FINDINGS, PRODUCTION, [write])

    shown = await _one(empty, _path(found))

    assert (shown["verdict"], shown["reason"]) == ("unknown", reason)
    assert (shown["history"], shown["changes"], shown["remediation"]) == ([], 0, None)
    assert shown["firstSeen"] is shown["changedAt"] is None
    assert shown["subscriptionName"] == "Production"


@pytest.mark.parametrize("row", [None, {"schema": 99}], ids=["missing", "newer"])
async def test_a_subscription_whose_row_cannot_be_trusted_is_a_gap(
    empty: Served, row: dict[str, int] | None
) -> None:
    """It takes nothing with it but its name and date."""
    found = finding()
    await empty.put(coverage(), [found])
    entity = await empty.store.get(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE)
    assert entity
    await empty.store.commit(
        Table.FINDINGS,
        PRODUCTION,
        [Replace(table_keys.COVERAGE, row or {"schema": 1}, entity.etag)],
    )

    shown = await _one(empty, _path(found))

    assert (shown["verdict"], shown["coverage"], shown["asOf"]) == ("non_compliant", "gap", None)
    assert (shown["subscriptionName"], shown["tenantId"]) == (None, None)


async def test_p1_an_old_verdict_keeps_its_date(served: Served) -> None:
    """As in the list."""
    shown = await _one(served, _path(finding("old", subscription_id=LAB)))

    assert (shown["verdict"], shown["coverage"]) == ("compliant", "gap")
    assert shown["asOf"] == f"{EARLIER:%Y-%m-%dT%H:%M:%SZ}"


async def test_it_costs_three_point_reads(served: Served) -> None:
    """Whatever the size of the estate."""
    served.store.log.clear()

    await _one(served, _path(finding("chat")))

    assert [operation.name for operation in served.store.log] == ["get"] * 3


async def test_the_route_does_not_shadow_the_list(served: Served) -> None:
    """With a slash behind it, it is an account without an id."""
    assert "value" in (await send(served.app(), FINDINGS)).json
    assert (await send(served.app(), f"{FINDINGS}/")).status == 404


@settings(max_examples=30)
@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.sampled_from(Reason))
def test_p10_no_evidence_keeps_a_finding_from_being_shown(
    text: str, other: str, reason: Reason
) -> None:
    """What to do is written for every account, whatever Azure says of it."""
    evidence = Evidence(text, other, text, other, text, other, text)
    judgement = Judgement(Verdict.NON_COMPLIANT, reason, text, evidence)
    found = replace(finding(), judgement=judgement, location=other, tags={"owner": text})

    async def ask() -> Answer:
        served = Served()
        await served.put(replace(coverage(), since=NOON + timedelta(days=1)), [found])
        return await send(served.app(), _path(found))

    answer = asyncio.run(ask())

    assert answer.status == 200
    assert models.FindingDetail.model_validate_json(answer.body).remediation is not None


async def test_somebody_elses_row_is_not_shown(empty: Served) -> None:
    """A partition that is no subscription's is not ours."""
    theirs = finding(subscription_id="theirs")
    row = table_keys.finding_row("rg-ai", "chat")
    await empty.store.commit(Table.FINDINGS, "theirs", [Insert(row, {"schema": 1})])

    assert (await send(empty.app(), _path(theirs))).status == 404
