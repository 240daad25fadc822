"""The list of subscriptions: all that were ever seen, each with what is known and what is not."""

import json
from dataclasses import replace

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState
from cmk_check.ports import Insert, Replace, Table
from cmk_check.store import table_keys
from tests.fakes.hostile import NAMES
from tests.unit.web.api_kit import EARLIER, LAB, NOON, PRODUCTION, TENANT, Served, coverage, finding
from tests.unit.web.asgi_client import Answer, send

SUBSCRIPTIONS = "/api/v1/subscriptions"
GAP = {
    "reason": "forbidden",
    "missingAction": "Microsoft.CognitiveServices/accounts/read",
    "detail": "Grant it.",
}


def _ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.json
    return [entry["subscriptionId"] for entry in answer.json["value"]]


async def test_a_subscription_has_the_contracts_fields_in_the_contracts_order(
    served: Served,
) -> None:
    """The one that was not read says why, what ends it, and of when its accounts are."""
    answer = await send(served.app(), SUBSCRIPTIONS)

    lab = {
        "subscriptionId": LAB,
        "name": "Lab",
        "tenantId": TENANT,
        "state": "Enabled",
        "coverage": "gap",
        "since": f"{EARLIER:%Y-%m-%dT%H:%M:%SZ}",
        "gap": GAP,
        "lastRead": f"{EARLIER:%Y-%m-%dT%H:%M:%SZ}",
        "accounts": {
            "total": 1,
            "compliant": 1,
            "nonCompliant": 0,
            "unknown": 0,
            "unread": 1,
            "excepted": 0,
            "overdue": 0,
            "byKind": {"OpenAI": {"compliant": 1, "nonCompliant": 0, "unknown": 0}},
            "ignoredByKind": {},
        },
        "keys": {"healthy": 0, "atRisk": 0, "broken": 0, "unknown": 1},
        "dataStores": None,
        "azurePolicy": {"notAssessed": 0, "differs": 0},
        "sequence": 0,
    }
    assert json.dumps(answer.json["value"][0]) == json.dumps(lab)
    assert _ids(answer) == [LAB, PRODUCTION]


@pytest.mark.parametrize("state", CoverageState)
async def test_last_read_is_of_the_last_scan_only_while_it_is_read(
    served: Served, state: CoverageState
) -> None:
    """Its row is not written while nothing changes; and an old reading must not look new (P1)."""
    await served.put(coverage(state, f"f{LAB[1:]}"))

    *_, shown = (await send(served.app(), SUBSCRIPTIONS)).json["value"]

    expected = NOON if state is CoverageState.READ else EARLIER
    assert shown["lastRead"] == f"{expected:%Y-%m-%dT%H:%M:%SZ}"


async def test_a_forgotten_one_is_in_no_answer(served: Served) -> None:
    """Its row keeps the number of its last change, and says nothing of the estate."""
    forgotten = coverage(CoverageState.EXCLUDED, TENANT)
    unlisted = replace(forgotten, subscription=Subscription(TENANT), last_read=None)
    await served.put(replace(unlisted, unexpected_by="20261125T120000Z-3fa9"))

    listed = await send(served.app(), SUBSCRIPTIONS)
    status = await send(served.app(), f"/api/v1/status?subscription={TENANT}")

    assert (_ids(listed), status.status) == ([LAB, PRODUCTION], 404)


async def test_before_the_first_scan_has_finished_a_reading_has_its_own_date(empty: Served) -> None:
    """There is no scan yet that could date it."""
    await empty.put(coverage())
    await empty.put(replace(coverage(subscription_id=LAB), last_read=None))

    lab, production = (await send(empty.app(), SUBSCRIPTIONS)).json["value"]

    assert (lab["lastRead"], production["lastRead"]) == (None, f"{EARLIER:%Y-%m-%dT%H:%M:%SZ}")


async def test_before_the_first_scan_the_list_is_empty(empty: Served) -> None:
    """And no error."""
    answer = await send(empty.app(), SUBSCRIPTIONS)

    assert (answer.status, answer.json) == (200, {"value": []})


@pytest.mark.parametrize("asked", CoverageState)
async def test_coverage_narrows_the_list(empty: Served, asked: str) -> None:
    """Each state can be asked for, and finds its own rows alone."""
    shown: dict[str, list[str]] = {}
    for number, state in enumerate(CoverageState):
        subscription_id = f"{LAB[:-1]}{number}"
        await empty.put(coverage(state, subscription_id))
        shown.setdefault(state.value, []).append(subscription_id)

    answer = await send(empty.app(), f"{SUBSCRIPTIONS}?coverage={asked}")

    assert _ids(answer) == shown[asked]
    assert {entry["coverage"] for entry in answer.json["value"]} == {asked}
    assert all((entry["gap"] is not None) == (asked == "gap") for entry in answer.json["value"])


async def test_half_a_first_recording_is_pending_and_no_gap(empty: Served) -> None:
    """Nothing is wrong with it: the next scan completes it."""
    await empty.put(coverage(CoverageState.PENDING))

    (shown,) = (await send(empty.app(), SUBSCRIPTIONS)).json["value"]

    assert (shown["coverage"], shown["gap"]) == ("pending", None)


@pytest.mark.parametrize("state", ["read", "gap", "excluded"])
@pytest.mark.parametrize("broken", [{"schema": 99}, {"since": "soon"}, {"accounts": "{"}])
async def test_p1_a_row_that_cannot_be_trusted_is_a_gap_and_never_left_out(
    empty: Served, broken: dict[str, str | int], state: str
) -> None:
    """Whatever it says of itself; asked for what it says, it does not come."""
    await empty.put(coverage(CoverageState(state)))
    entity = await empty.store.get(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE)
    assert entity
    write = Replace(table_keys.COVERAGE, dict(entity.values) | broken, entity.etag)
    await empty.store.commit(Table.FINDINGS, PRODUCTION, [write])
    app = empty.app()

    (shown,) = (await send(app, SUBSCRIPTIONS)).json["value"]

    assert (shown["subscriptionId"], shown["coverage"]) == (PRODUCTION, "gap")
    assert shown["gap"]["reason"] == "slice_failed"
    assert shown["gap"]["detail"]
    assert [shown[name] for name in ("name", "state", "since", "lastRead")] == [None] * 4
    assert _ids(await send(app, f"{SUBSCRIPTIONS}?coverage=gap")) == [PRODUCTION]
    assert _ids(await send(app, f"{SUBSCRIPTIONS}?coverage=read")) == []
    assert _ids(await send(app, f"{SUBSCRIPTIONS}?coverage=excluded")) == []


@pytest.mark.parametrize("top", [1, 2, 3, 1000])
@pytest.mark.parametrize("asked", ["", "&coverage=gap"])
async def test_pages_bring_every_subscription_once(empty: Served, top: int, asked: str) -> None:
    """In their order, and with the filter on every page."""
    everyone = [f"{LAB[:-1]}{number}" for number in range(5)]
    for number, subscription_id in enumerate(everyone):
        state = CoverageState.GAP if number % 2 else CoverageState.READ
        row = finding(subscription_id=subscription_id)
        await empty.put(coverage(state, subscription_id), [row])
    found, target = list[str](), f"{SUBSCRIPTIONS}?top={top}{asked}"

    while target:
        answer = await send(empty.app(), target)
        found += _ids(answer)
        assert 0 < len(answer.json["value"]) <= top
        target = answer.json.get("nextLink", "").removeprefix("https://cmk.example")

    assert found == (everyone[1::2] if asked else everyone)


async def test_it_costs_one_query_whatever_else_stands_in_the_table(served: Served) -> None:
    """The rows of findings and of changes do not come."""
    served.store.log.clear()

    await send(served.app(), SUBSCRIPTIONS)

    assert [entry.name for entry in served.store.log] == ["get", "query"]


@pytest.mark.parametrize("name", NAMES)
async def test_p10_the_name_of_a_subscription_stays_text(empty: Served, name: str) -> None:
    """Whoever may name one must not write into the answer."""
    await empty.put(coverage(name=name))

    answer = await send(empty.app(), SUBSCRIPTIONS)

    (shown,) = answer.json["value"]
    assert shown["name"] == name.replace("\0", "\ufffd")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


async def test_what_is_not_ours_is_not_listed(empty: Served) -> None:
    """A partition that is no subscription's is somebody else's."""
    await empty.store.commit(Table.FINDINGS, "theirs", [Insert(table_keys.COVERAGE, {"schema": 1})])

    assert _ids(await send(empty.app(), SUBSCRIPTIONS)) == []


@pytest.mark.parametrize(
    ("query", "target", "named"),
    [
        ("coverage=unread", "coverage", "read, gap, excluded, retired, pending"),
        ("coverage=", "coverage", "read, gap, excluded, retired, pending"),
        ("coverage=Read", "coverage", "read, gap, excluded, retired, pending"),
        ("coverage=' or '1' eq '1".replace(" ", "%20"), "coverage", "read, gap"),
        ("top=0", "top", "from 1 to 1000"),
        ("skipToken=x", "skipToken", "nextLink"),
        ("subscription=x", "subscription", "coverage, top, skipToken"),
        ("top=1&top=2", "top", "once"),
    ],
)
async def test_what_is_not_allowed_is_refused_and_what_is_allowed_named(
    served: Served, query: str, target: str, named: str
) -> None:
    """A filter that is passed over would show every subscription as a match."""
    answer = await send(served.app(), f"{SUBSCRIPTIONS}?{query}")

    assert (answer.status, answer.error) == (400, ("InvalidParameter", target))
    assert named in answer.json["error"]["message"]


async def test_a_token_of_the_findings_is_none_of_this_list(served: Served) -> None:
    """It would begin in mid-subscription."""
    link = (await send(served.app(), "/api/v1/findings?top=1")).json["nextLink"]

    answer = await send(served.app(), f"{SUBSCRIPTIONS}?{link.split('&')[-1]}")

    assert (answer.status, answer.error) == (400, ("InvalidParameter", "skipToken"))
