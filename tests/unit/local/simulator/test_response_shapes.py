"""What a client reads must be shaped as Azure shapes it, errors included."""

import pytest

from local.simulator import Access
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client

GROUP = "/resourceGroups/cloud-shell-storage-westeurope"


async def test_old_versions_of_the_subscription_list_have_no_tenant(client: Client) -> None:
    """A client that takes the tenant from this list must meet the version that lacks it."""
    _, old, _ = await client.get("/subscriptions", version="2016-06-01")
    _, new, _ = await client.get("/subscriptions", version="2022-12-01")

    assert [entry.keys() & {"tenantId", "managedByTenants"} for entry in old["value"]] == [
        set()
    ] * 3
    assert "count" not in old
    assert {entry["tenantId"] for entry in new["value"]} == {client.simulator.estate.tenant_id}
    assert new["count"] == {"type": "Total", "value": 3}
    assert "nextLink" not in new


async def test_one_subscription_is_read_by_its_id_in_any_case(
    client: Client, production: str
) -> None:
    """Azure's paths are case-insensitive, ids among them, and answers keep the original case."""
    status, body, _ = await client.get(production.upper(), version="2020-01-01")

    assert status == 200
    assert (body["id"], body["displayName"]) == (production, "Production AI")


async def test_an_account_never_configured_has_no_encryption_property(
    client: Client, production: str
) -> None:
    """Absent is what Azure sends; a null in its place would hide the most frequent case."""
    _, body, _ = await client.get(f"{production}{ACCOUNTS}")
    first = body["value"][0]

    assert first["name"] == "tm-openai-project5-instance"
    assert "encryption" not in first["properties"]
    assert first["id"] == f"{production}{GROUP}{ACCOUNTS}/tm-openai-project5-instance"


async def test_absent_words_are_absent_and_never_null(client: Client, production: str) -> None:
    """The one null that a recorded account carries is the search key of a Foundry account."""
    _, body, _ = await client.get(f"{production}{ACCOUNTS}")

    nulls = [
        (key, name)
        for account in body["value"]
        for key, part in (("top", account), ("properties", account["properties"]))
        for name, value in part.items()
        if value is None
    ]
    assert nulls == []


async def test_a_foundry_account_can_be_as_big_as_a_real_one(
    client: Client, production: str
) -> None:
    """Time and memory are measured against the real size, 41 KB."""
    url = f"{production}/resourceGroups/rg-agents-prod{ACCOUNTS}/agents-foundry"
    _, body, response = await client.get(url)

    assert 40_000 < int(response.headers["Content-Length"]) < 42_000
    assert body["identity"]["type"] == "SystemAssigned, UserAssigned"


async def test_the_order_of_properties_differs_between_accounts(
    client: Client, production: str
) -> None:
    """A client must not lean on an order that Azure does not keep."""
    _, body, _ = await client.get(f"{production}{ACCOUNTS}")

    positions = {list(entry["properties"]).index("provisioningState") for entry in body["value"]}
    assert len(positions) > 1


async def test_answers_carry_the_headers_of_azure(client: Client, production: str) -> None:
    """People and clients quote these ids, and throttling is read from these numbers."""
    correlation = "6f1f8c2e-0000-4c1d-9d6b-aaaaaaaaaaaa"
    _, _, response = await client.get(
        f"{production}{ACCOUNTS}", headers={"x-ms-correlation-request-id": correlation}
    )

    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["x-ms-correlation-request-id"] == correlation
    assert response.headers["x-ms-ratelimit-remaining-subscription-global-reads"] == "3749"
    assert response.headers["Cache-Control"] == "no-cache"
    assert "x-ms-request-id" in response.headers
    assert "Strict-Transport-Security" in response.headers


@pytest.mark.parametrize(
    ("path", "version", "refusal"),
    [
        pytest.param("/subscriptions", None, (400, "MissingApiVersionParameter"), id="no version"),
        pytest.param(
            "/subscriptions", "2019-01-01", (400, "InvalidApiVersionParameter"), id="subscriptions"
        ),
        pytest.param(
            "{production}{accounts}", "2019-01-01", (404, "InvalidResourceType"), id="accounts"
        ),
        pytest.param(
            "/subscriptions/abc{accounts}",
            "2025-09-01",
            (400, "InvalidSubscriptionId"),
            id="no guid",
        ),
        pytest.param(
            "/subscriptions/00000000-0000-0000-0000-000000000001{accounts}",
            "2025-09-01",
            (404, "SubscriptionNotFound"),
            id="unknown subscription",
        ),
        pytest.param(
            "{production}/resourceGroups/none{accounts}",
            "2025-09-01",
            (404, "ResourceGroupNotFound"),
            id="unknown group",
        ),
        pytest.param(
            "{production}/resourceGroups/rg-agents-prod{accounts}/none",
            "2025-09-01",
            (404, "ResourceNotFound"),
            id="unknown account",
        ),
        pytest.param(
            "{production}{accounts}?$skiptoken=abc",
            "2025-09-01",
            (400, "InvalidSkipToken"),
            id="foreign continuation",
        ),
    ],
)
async def test_wrong_questions_are_refused_in_azures_words(
    client: Client, production: str, path: str, version: str | None, refusal: tuple[int, str]
) -> None:
    """Clients branch on the status and the code."""
    url = path.format(production=production, accounts=ACCOUNTS)
    status, body, _ = await client.get(url, version=version)

    assert (status, body["error"]["code"]) == refusal


@pytest.mark.parametrize(
    ("access", "state", "refusal"),
    [
        (Access.FORBIDDEN, "Enabled", (403, "AuthorizationFailed")),
        (Access.UNREGISTERED, "Enabled", (409, "MissingSubscriptionRegistration")),
        (Access.NOT_FOUND, "Enabled", (404, "SubscriptionNotFound")),
        (Access.READER, "Deleted", (404, "SubscriptionNotFound")),
    ],
)
async def test_a_subscription_that_cannot_be_read_says_why(
    client: Client, production: str, access: Access, state: str, refusal: tuple[int, str]
) -> None:
    """Each of these is another gap with another way out."""
    subscription = client.simulator.estate.subscription(production.rpartition("/")[2])
    subscription.access, subscription.state = access, state
    status, body, _ = await client.get(f"{production}{ACCOUNTS}")

    assert (status, body["error"]["code"]) == refusal


async def test_a_refusal_names_the_missing_action_and_scope(
    client: Client, acquisitions: str
) -> None:
    """The action is what the reader of a gap has to grant."""
    _, body, response = await client.get(f"{acquisitions}{ACCOUNTS}")

    wanted = (
        f"perform action 'Microsoft.CognitiveServices/accounts/read' over scope '{acquisitions}'"
    )
    assert wanted in body["error"]["message"]
    assert response.headers["x-ms-failure-cause"] == "gateway"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tenants"),  # at another api-version than today's clients send
        ("GET", "/metadata/endpoints"),  # as above
        ("GET", "/common/oauth2/v2.0/token"),
        ("GET", "/subscriptions/{id}/resourceGroups"),
        ("GET", "/subscriptions/{id}/providers/Microsoft.KeyVault/deletedManagedHSMs"),
        ("GET", "/subscriptions/{id}/providers/Microsoft.CognitiveServices/accounts?$top=1"),
        ("POST", "/subscriptions/{id}/providers/Microsoft.CognitiveServices/register"),
        ("DELETE", "/subscriptions/{id}/providers/Microsoft.CognitiveServices/accounts"),
        ("PUT", "/msi/token"),
    ],
)
async def test_what_is_not_simulated_is_an_explicit_501(
    client: Client, production: str, method: str, path: str
) -> None:
    """An empty success for an unknown question would make a test pass for nothing."""
    path = path.format(id=production.rpartition("/")[2])
    status, body, _ = await client.get(path, method=method)

    assert status == 501
    assert f"{method} {client.simulator.url}{path}" in body["error"]["message"]
    assert [(record.method, record.status) for record in client.simulator.requests] == [
        (method, 501)
    ]
