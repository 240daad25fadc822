"""What a client reads must be shaped as Azure shapes it, errors included."""

import pytest

from tests.unit.local.simulator.plain_client import ACCOUNTS, Client


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
            "/subscriptions/00000000-0000-0000-0000-000000000001{accounts}",
            "2025-09-01",
            (404, "SubscriptionNotFound"),
            id="unknown subscription",
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
    ("method", "path"),
    [
        ("GET", "/common/oauth2/v2.0/token"),
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
