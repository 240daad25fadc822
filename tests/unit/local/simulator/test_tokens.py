"""Tokens are real: who sends the wrong one, or none, is turned away as Azure does it."""

from typing import Any

import jwt
import pytest

from tests.unit.local.simulator.plain_client import Client

STORAGE = "https://storage.azure.com"


async def ask(client: Client, query: str, secret: str | None = None) -> tuple[int, Any]:
    """Ask the identity endpoint as App Service defines it."""
    header = {"X-IDENTITY-HEADER": secret or client.simulator.identity_header}
    url = f"{client.simulator.identity_endpoint}?{query}"
    status, body, _ = await client.get(url, version="2019-08-01", headers=header, token=None)
    return status, body


@pytest.mark.parametrize(
    ("query", "secret", "status"),
    [
        (f"resource={STORAGE}", "wrong", 401),
        (f"resource={STORAGE}&client_id=00000000-0000-0000-0000-000000000001", None, 400),
        (f"resource={STORAGE}&api-version=2017-09-01", None, 400),
        ("resource=", None, 400),
        (f"resource={STORAGE}&mi_res_id=/subscriptions/x", None, 501),
    ],
)
async def test_the_identity_endpoint_refuses_what_it_does_not_know(
    client: Client, query: str, secret: str | None, status: int
) -> None:
    """A wrong identity must fail here, not read an empty estate later."""
    answered, body = await ask(client, query, secret)

    assert answered == status
    assert "access_token" not in body


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "AuthenticationFailed"),
        ("no-token", "InvalidAuthenticationToken"),
        ("foreign", "InvalidAuthenticationToken"),
        ("storage", "InvalidAuthenticationTokenAudience"),
        ("expired", "ExpiredAuthenticationToken"),
    ],
)
async def test_a_wrong_token_is_401_with_a_challenge(
    client: Client, token: str | None, code: str
) -> None:
    """A client decides by the code whether a new token would help."""
    issue = client.simulator.tokens.issue
    key = "another key, long enough for the algorithm"
    made = {
        "foreign": jwt.encode({"aud": client.simulator.url, "exp": 1}, key, algorithm="HS256"),
        "storage": issue(STORAGE).value,
        "expired": issue(client.simulator.url, life=-1).value,
    }
    sent = made.get(token, token) if token else None
    status, body, response = await client.get("/subscriptions", version="2022-12-01", token=sent)

    assert (status, body["error"]["code"]) == (401, code)
    assert response.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


async def test_the_request_log_keeps_the_audience_and_never_the_token(client: Client) -> None:
    """Tests prove with it where tokens went, and print it when they fail."""
    token = client.simulator.tokens.issue(client.simulator.url).value
    await ask(client, f"resource={STORAGE}")
    await client.get("/subscriptions", version="2022-12-01", token=token)

    first, second = client.simulator.requests
    assert (first.authorized, first.audience) == (False, None)
    assert (second.authorized, second.audience) == (True, client.simulator.url)
    kept = repr(list(client.simulator.requests))
    assert token not in kept
    assert client.simulator.identity_header not in kept
