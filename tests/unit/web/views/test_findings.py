"""The list of findings: everything once, in order, and as old as it really is."""

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from cmk_check.core.enums import Verdict
from cmk_check.ports import Insert, Table
from cmk_check.store import table_keys
from tests.unit.web.api_kit import (
    AS_SERVED,
    LAB,
    NOON,
    PRODUCTION,
    TENANT,
    Served,
    counted,
    coverage,
    finding,
    status_of,
)
from tests.unit.web.asgi_client import Answer, send

FINDINGS = "/api/v1/findings"
CHAT = (
    f"/subscriptions/{PRODUCTION}/resourcegroups/rg-ai/providers/microsoft.cognitiveservices"
    "/accounts/chat"
)
ALLOWED = (
    "verdict, reason, kind, location, subscription, keyHealth, dataStores, exception, due, "
    "azurePolicy, owner, unowned, key, q, top, skipToken, format"
)
EXPECTED = {
    "id": CHAT,
    "name": "Chat",
    "resourceGroup": "rg-ai",
    "subscriptionId": PRODUCTION,
    "subscriptionName": "Production",
    "tenantId": TENANT,
    "kind": "OpenAI",
    "location": "westeurope",
    "tags": {"owner": "ai-platform"},
    "owner": {"value": "ai-platform", "source": "account"},
    "verdict": "non_compliant",
    "reason": "microsoft_managed_key",
    "message": "Microsoft's keys are set.",
    "ruleVersion": "1",
    "evidence": {
        "keySource": None,
        "keyName": None,
        "keyVersion": None,
        "keyVaultUri": None,
        "identityType": None,
        "identityClientId": None,
        "provisioningState": None,
        "createdAt": "2022-10-26T04:50:20Z",
    },
    "keyHealth": None,
    "dataStores": None,
    "exception": None,
    "azurePolicy": {"state": "non_compliant", "reason": "same_as_verdict"},
    "firstSeen": "2026-11-22T12:00:00Z",
    "changedAt": "2026-11-25T12:00:00Z",
    "violatedSince": "2026-11-25T12:00:00Z",
    "dueAt": None,
    "due": None,
    "previousVerdict": "compliant",
    "coverage": "read",
    "asOf": "2026-11-25T12:00:00Z",
    "portalUrl": f"https://portal.azure.com/#resource{CHAT}",
}


def _names(answer: Answer) -> list[str]:
    return [entry["name"] for entry in answer.json["value"]]


async def test_a_finding_has_the_contracts_fields_in_the_contracts_order(served: Served) -> None:
    """Dashboards, scripts and people read it."""
    answer = await send(served.app(), f"{FINDINGS}?verdict=non_compliant")

    assert answer.status == 200
    assert answer.body.decode() == json.dumps({"value": [EXPECTED]}, separators=(",", ":"))


async def test_findings_come_by_subscription_group_and_name(empty: Served) -> None:
    """Two pages fit together only where the order is one."""
    mine = [finding(name, group=group) for name, group in [("b", "B"), ("C", "a"), ("a", "a")]]
    await empty.put(coverage(), mine)
    await empty.put(coverage(subscription_id=LAB), [finding("z", subscription_id=LAB)])

    answer = await send(empty.app(), FINDINGS)

    assert _names(answer) == ["z", "a", "C", "b"]


@pytest.mark.parametrize("top", [1, 2, 3, 4, 1000])
async def test_pages_bring_every_finding_once(served: Served, top: int) -> None:
    """A finding that no page shows is an account that nobody mends."""
    app = served.app()
    found, target = [], f"{FINDINGS}?top={top}"
    while target:
        answer = await send(app, target)
        assert 0 < len(answer.json["value"]) <= top
        found += _names(answer)
        target = answer.json.get("nextLink", "").removeprefix("https://cmk.example")

    assert found == ["old", "Chat", "odd", "safe"]


async def test_the_last_page_has_no_next_link(served: Served) -> None:
    """Its absence is what ends a client's loop."""
    answer = await send(served.app(), f"{FINDINGS}?top=4")

    assert list(answer.json) == ["value"]


async def test_a_next_link_repeats_the_filters_but_never_the_key(served: Served) -> None:
    """Links end up in logs; and the second page of a filtered list must be filtered too."""
    target = f"{FINDINGS}?code=s3cret&verdict=compliant&top=1"

    answer = await send(served.app(), target)

    link = urlsplit(answer.json["nextLink"])
    assert (link.scheme, link.netloc, link.path) == ("https", "cmk.example", FINDINGS)
    asked = parse_qs(link.query)
    assert (asked.pop("verdict"), asked.pop("top")) == (["compliant"], ["1"])
    assert list(asked) == ["skipToken"]


@pytest.mark.parametrize(
    ("hostname", "host", "origin"),
    [
        ("func-cmk.azurewebsites.net", "evil.example", "https://func-cmk.azurewebsites.net"),
        ("localhost:7071", "evil.example", "https://localhost:7071"),
        (None, "127.0.0.1:7071", "https://127.0.0.1:7071"),
        (None, "[::1]:7071", "https://[::1]:7071"),
        (None, 'evil"><script>', ""),
        (None, "user@evil.example", ""),
        (None, "evil.example/path?", ""),
    ],
)
async def test_a_next_link_leads_to_this_app(
    served: Served, hostname: str | None, host: str, origin: str
) -> None:
    """A made-up Host header must not send a client with its key elsewhere in an odd shape."""
    app = served.app(replace(AS_SERVED, hostname=hostname))

    answer = await send(app, f"{FINDINGS}?top=1", {"host": host})

    assert answer.json["nextLink"].startswith(f"{origin}{FINDINGS}?")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("verdict=compliant", ["old", "safe"]),
        ("verdict=unknown", ["odd"]),
        ("kind=OpenAI", ["old", "Chat"]),
        ("kind=openai", ["old", "Chat"]),
        ("kind=AISERVICES", ["safe"]),
        ("kind=unknown", ["odd"]),
        (f"subscription={LAB.upper()}", ["old"]),
        (f"subscription={PRODUCTION}&verdict=compliant&kind=aiservices", ["safe"]),
    ],
)
async def test_filters_narrow_the_list(served: Served, query: str, names: list[str]) -> None:
    """Each alone and all together."""
    answer = await send(served.app(), f"{FINDINGS}?{query}")

    assert _names(answer) == names


async def test_a_subscription_that_is_not_recorded_is_no_empty_list(served: Served) -> None:
    """Whoever mistypes an id would read "no violations"; the status says the same of it."""
    unknown = "subscription=00000000-0000-0000-0000-000000000000"

    answer = await send(served.app(), f"{FINDINGS}?verdict=non_compliant&{unknown}")

    assert (answer.status, answer.error) == (404, ("NotFound", "subscription"))
    assert answer.body == (await send(served.app(), f"/api/v1/status?{unknown}")).body


async def test_a_recorded_subscription_without_findings_is_an_empty_list(served: Served) -> None:
    """There the answer is known: nothing of that kind."""
    answer = await send(served.app(), f"{FINDINGS}?verdict=unknown&subscription={LAB}")

    assert (answer.status, answer.json) == (200, {"value": []})


async def test_a_subscription_whose_row_is_broken_is_recorded_all_the_same(empty: Served) -> None:
    """Its id is right, so that "check its id" would send people the wrong way."""
    newer = [Insert(table_keys.COVERAGE, {"schema": 99})]
    await empty.store.commit(Table.FINDINGS, table_keys.partition_of(LAB), newer)

    answer = await send(empty.app(), f"{FINDINGS}?subscription={LAB}")

    assert (answer.status, answer.json) == (200, {"value": []})


@pytest.mark.parametrize("recorded", [True, False], ids=["scanned", "first scan running"])
async def test_a_kind_is_found_however_settings_and_azure_spell_it(
    empty: Served, *, recorded: bool
) -> None:
    """CMK_KINDS may say openai, and an empty list would read as: there is none."""
    mine = [finding("one", kind="OpenAI"), finding("two", kind="AIServices")]
    row = coverage(accounts=counted(mine))
    await empty.put(row, mine)
    if recorded:
        await empty.put_status(status_of(row))
    app = empty.app(replace(AS_SERVED, kinds=("openai", "aiservices")))

    answer = await send(app, f"{FINDINGS}?kind=OPENAI")

    assert _names(answer) == ["one"]


async def test_the_portal_is_the_clouds(served: Served) -> None:
    """A link to another cloud's portal finds nothing."""
    site = replace(AS_SERVED, portal_url="https://portal.azure.us")

    answer = await send(served.app(site), f"{FINDINGS}?top=1")

    assert answer.json["value"][0]["portalUrl"].startswith("https://portal.azure.us/#resource/sub")


@pytest.mark.parametrize(
    ("query", "target", "named"),
    [
        ("verdict=Compliant", "verdict", "compliant, non_compliant, unknown"),
        ("verdict=", "verdict", "compliant, non_compliant, unknown"),
        ("kind=SpeechServices", "kind", "OpenAI, AIServices, unknown"),
        ("subscription=lab", "subscription", "00000000-0000-0000-0000-000000000000"),
        ("top=0", "top", "from 1 to 1000"),
        ("top=1001", "top", "from 1 to 1000"),
        ("top=1.0", "top", "from 1 to 1000"),
        ("top=1_0", "top", "from 1 to 1000"),
        ("top=%D9%A1", "top", "from 1 to 1000"),
        ("reason=Malformed", "reason", "row_too_new"),
        ("reason=", "reason", "never_configured"),
        ("location=%20", "location", "westeurope"),
        (f"location={'x' * 101}", "location", "100 characters"),
        ("q=", "q", "200 characters"),
        ("q=%20%1C%C2%A0", "q", "200 characters"),
        (f"q={'x' * 201}", "q", "200 characters"),
        ("format=CSV", "format", "json, csv or xlsx"),
        ("keyHealth=Broken", "keyHealth", "healthy, at_risk, broken, unknown"),
        ("key_health=broken", "key_health", ALLOWED),
        ("skip_token=x", "skip_token", ALLOWED),
        ("Verdict=compliant", "Verdict", ALLOWED),
        ("top=1&top=2", "top", "once"),
        ("verdict=compliant&verdict=unknown", "verdict", "once"),
    ],
)
async def test_what_is_not_allowed_is_refused_and_what_is_allowed_named(
    served: Served, query: str, target: str, named: str
) -> None:
    """A filter that is passed over shows more than was asked for, or less, and nobody notices."""
    answer = await send(served.app(), f"{FINDINGS}?{query}")

    assert (answer.status, answer.error) == (400, ("InvalidParameter", target))
    assert named in answer.json["error"]["message"]


async def test_p10_names_of_azure_stay_text(empty: Served) -> None:
    """Whoever may name a resource must not write into answers, links or headers."""
    hostile = "a\"><script>alert('x')</script>&=+%2e#?"
    row = coverage(name=hostile)
    await empty.put(
        row, [finding(name, group=hostile.replace("/", "")) for name in ("b", "' or 1")]
    )
    await empty.put_status(status_of(row))
    app = empty.app()

    first = await send(app, f"{FINDINGS}?top=1")
    second = await send(app, first.json["nextLink"].removeprefix("https://cmk.example"))

    (shown,) = first.json["value"]
    assert shown["subscriptionName"] == hostile
    assert (_names(first), _names(second)) == (["b"], ["' or 1"])
    assert not set("<>\"' ") & set(shown["portalUrl"] + first.json["nextLink"])
    assert first.headers["content-type"] == "application/json; charset=utf-8"


async def test_times_are_utc_to_the_second(empty: Served) -> None:
    """Every time in the API has the one form that all tools read."""
    precise = replace(finding(), changed_at=NOON + timedelta(microseconds=999_999))
    await empty.put(
        coverage(), [replace(precise, judgement=finding("x", Verdict.COMPLIANT).judgement)]
    )

    answer = await send(empty.app(), FINDINGS)

    assert answer.json["value"][0]["changedAt"] == "2026-11-25T12:00:00Z"
