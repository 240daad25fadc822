"""What the simulator refuses: more than Azure would let through must not pass here.

An unknown request is an explicit 501, because an empty success would make a test pass for nothing.
"""

from typing import Final, NamedTuple

import jwt
import pytest

from local.simulator import Estate
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client
from tests.unit.local.simulator.vault_kit import (
    APP_GROUP,
    APPS,
    COMPANY,
    GRANT_VERSION,
    GRAPH_VERSION,
    GROUP,
    HSM,
    KEY,
    KEY_VERSION,
    KEYS,
    VAULT,
    VAULTS,
    query,
)

pytestmark = pytest.mark.long

ACCOUNT_VERSION: Final = "2025-09-01"
EXEMPTION_VERSION: Final = "2022-07-01-preview"
ME: Final = "2e8d1f60-0000-4000-8000-00000000000a"
AUTH: Final = "/providers/Microsoft.Authorization"
GRAPH: Final = "/providers/Microsoft.ResourceGraph/resources"
CHAT: Final = f"{APP_GROUP}{ACCOUNTS}/chat"
GRANTS: Final = f"{KEY}{AUTH}/roleAssignments"
NEW_GRANT: Final = f"{GRANTS}/5a0e0000-0000-4000-8000-000000000001"
EXEMPTION: Final = f"{APPS}{AUTH}/policyExemptions/a"
OURS: Final = f"{COMPANY}{AUTH}/policyAssignments/cmk"
LOCAL: Final = f"{KEYS}{AUTH}/policyAssignments/local"
CRYPTO_USER: Final = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
VAULT_BODY: Final = {
    "location": "eastus2",
    "properties": {"tenantId": "t", "sku": {}, "accessPolicies": []},
}
UNPROTECTED: Final = {
    "location": "eastus2",
    "properties": {
        "tenantId": "t",
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": [],
        "enablePurgeProtection": False,
    },
}
RSA: Final = {"properties": {"kty": "RSA", "keySize": 3072}}
GRANT: Final = {"roleDefinitionId": f"{KEYS}/x/roleDefinitions/{CRYPTO_USER}", "principalId": ME}
POLICY: Final = {
    "properties": {
        "accessPolicies": [{"tenantId": "t", "objectId": ME, "permissions": {"keys": ["get"]}}]
    }
}
WAIVER: Final = {"policyAssignmentId": OURS, "exemptionCategory": "Waiver"}
KEY_SOURCE: Final = {"encryption": {"keySource": "Microsoft.CognitiveServices"}}
QUESTION: Final = {"query": query("kv-one"), "options": {"resultFormat": "objectArray"}}


class Asked(NamedTuple):
    """A request; by the identity of the app unless ``by`` is the administrator."""

    path: str
    version: str | None = ACCOUNT_VERSION
    method: str = "GET"
    body: object = None
    by: str = "app"


def put(path: str, body: object, version: str = KEY_VERSION, by: str = "administrator") -> Asked:
    """Return a request that writes."""
    return Asked(path, version, "PUT", body, by)


def graph(text: str = QUESTION["query"], **more: object) -> Asked:  # type: ignore[assignment]
    """Return a question to Resource Graph with other options."""
    options = {"resultFormat": "objectArray", **more}
    return Asked(GRAPH, GRAPH_VERSION, "POST", {"query": text, "options": options})


NOT_SIMULATED: Final = [
    Asked("/common/oauth2/v2.0/token"),
    Asked(f"{APPS}/providers/Microsoft.KeyVault/deletedManagedHSMs"),
    Asked(f"{APPS}{ACCOUNTS}?$top=1"),
    Asked(f"{APPS}/providers/Microsoft.CognitiveServices/register", method="POST"),
    Asked(f"{APPS}{ACCOUNTS}", method="DELETE"),
    Asked("/msi/token", method="PUT"),
    Asked(f"{VAULT}/secrets", KEY_VERSION),
    Asked(VAULT, KEY_VERSION, "DELETE"),
    Asked(KEY, KEY_VERSION, "DELETE"),
    Asked(f"{GRANTS}?$filter=startsWith(scope,'/')", GRANT_VERSION),
    Asked(f"{GRANTS}?$filter=atScope()%20or%20principalId%20eq%20'{ME}'", GRANT_VERSION),
    Asked(f"{KEYS}{AUTH}/roleDefinitions?$filter=type%20eq%20'BuiltInRole'", GRANT_VERSION),
    Asked(f"{APPS}{AUTH}/policyExemptions?$filter=startsWith(name,'a')", EXEMPTION_VERSION),
    Asked(f"{APPS}{AUTH}/policyAssignments", EXEMPTION_VERSION),
    Asked(GRAPH, GRAPH_VERSION),
    Asked(GRAPH, GRAPH_VERSION, "POST", {**QUESTION, "subscriptions": []}),
    graph("Resources"),
    graph(query("kv-one") + " | limit 5"),
    graph(query("kv-one' or 1==1")),
    graph(resultFormat="table"),
    graph(allowPartialScopes=True),
    Asked(f"{CHAT}/projects"),
    Asked(CHAT, method="PATCH", body={"properties": {}}, by="administrator"),
    Asked(CHAT, method="PATCH", body={"kind": "AIServices"}, by="administrator"),
    Asked(
        CHAT,
        method="PATCH",
        body={"properties": {**KEY_SOURCE, "networkAcls": {}}},
        by="administrator",
    ),
    put(f"{VAULT}/keys/new", {"properties": {"kty": "EC"}}),
    put(f"{HSM}/keys/new", RSA),
    put(NEW_GRANT, {}, GRANT_VERSION),
    put(NEW_GRANT, {"properties": {**GRANT, "condition": "x"}}, GRANT_VERSION),
]
FORBIDDEN: Final = [
    (Asked(CHAT, method="PATCH", body={"properties": KEY_SOURCE}), "accounts/write"),
    (put(f"{GROUP}{VAULTS}/kv-new", VAULT_BODY, by="app"), "vaults/write"),
    (put(f"{VAULT}/keys/new", RSA, by="app"), "vaults/keys/write"),
    (put(f"{VAULT}/accessPolicies/add", POLICY, by="app"), "vaults/accessPolicies/write"),
    (put(NEW_GRANT, {"properties": GRANT}, GRANT_VERSION, "app"), "roleAssignments/write"),
    (put(EXEMPTION, {"properties": WAIVER}, EXEMPTION_VERSION, "app"), "policyExemptions/write"),
]
REFUSED: Final = [
    (Asked("/subscriptions", None), 400, "MissingApiVersionParameter"),
    (Asked("/subscriptions", "2019-01-01"), 400, "InvalidApiVersionParameter"),
    (Asked(f"{APPS}{ACCOUNTS}", "2019-01-01"), 404, "InvalidResourceType"),
    (Asked(f"{APPS[:-1]}9{ACCOUNTS}"), 404, "SubscriptionNotFound"),
    (Asked(f"{CHAT}-none"), 404, "ResourceNotFound"),
    (Asked(f"{APPS}{ACCOUNTS}?$skiptoken=abc"), 400, "InvalidSkipToken"),
    (Asked(f"{GROUP}{VAULTS}/kv-three", KEY_VERSION), 404, "ResourceNotFound"),
    (Asked(f"{VAULT}/keys/none", KEY_VERSION), 404, "KeyNotFound"),
    (Asked(f"{KEY}/versions/none", KEY_VERSION), 404, "KeyNotFound"),
    (Asked(f"{VAULT}-none/keys/cmk", KEY_VERSION), 404, "ParentResourceNotFound"),
    (Asked(KEY, "2018-02-14"), 404, "InvalidResourceType"),
    (Asked(HSM, "2019-09-01"), 404, "InvalidResourceType"),
    (Asked(GRANTS, "2015-07-01"), 501, "NotSimulated"),
    (Asked(GRAPH, GRAPH_VERSION, "POST"), 400, "InvalidRequestContent"),
    # Names of vaults are worldwide, and a deleted vault keeps its own.
    (put(f"{KEYS}/resourceGroups/rg-other{VAULTS}/KV-One", VAULT_BODY), 409, "VaultAlreadyExists"),
    (put(f"{KEYS}/resourceGroups/rg-other{VAULTS}/kv-gone", VAULT_BODY), 409, "VaultAlreadyExists"),
    # It is for ever, and a plan that says otherwise would fail in Azure.
    (put(VAULT, UNPROTECTED), 400, "BadRequest"),
    (
        put(EXEMPTION, {"properties": {**WAIVER, "exemptionCategory": "Ours"}}, EXEMPTION_VERSION),
        400,
        "InvalidRequestContent",
    ),
    (
        put(EXEMPTION, {"properties": {**WAIVER, "policyAssignmentId": LOCAL}}, EXEMPTION_VERSION),
        400,
        "InvalidCreatePolicyExemptionRequest",
    ),
    (
        put(
            EXEMPTION,
            {"properties": {**WAIVER, "policyAssignmentId": f"{OURS}-2"}},
            EXEMPTION_VERSION,
        ),
        404,
        "PolicyAssignmentNotFound",
    ),
]


async def _answer(client: Client, asked: Asked) -> tuple[int, str, str]:
    """Send a request; return the status, the code and the message."""
    simulator = client.simulator
    administrator = simulator.tokens.identity(simulator.estate.administrator)
    who = administrator if asked.by == "administrator" else None
    token = simulator.tokens.issue(simulator.url, who).value
    status, body, _ = await client.get(
        asked.path, version=asked.version, method=asked.method, body=asked.body, token=token
    )
    assert status >= 400, body
    return status, body["error"]["code"], body["error"]["message"]


@pytest.mark.parametrize("asked", NOT_SIMULATED)
async def test_what_is_not_simulated_is_an_explicit_501(client: Client, asked: Asked) -> None:
    """Half of a filter, a query or a change would agree with mistakes in the rest."""
    status, code, _ = await _answer(client, asked)

    assert (status, code) == (501, "NotSimulated")
    assert [each.status for each in client.simulator.requests] == [501]


@pytest.mark.parametrize(("asked", "action"), FORBIDDEN)
async def test_the_identity_of_the_app_may_write_nothing(
    client: Client, asked: Asked, action: str
) -> None:
    """It has the Reader role: a write of it must fail here as it would in Azure (P5)."""
    status, code, message = await _answer(client, asked)

    assert (status, code) == (403, "AuthorizationFailed")
    assert f"{action}'" in message


@pytest.mark.parametrize(("asked", "status", "code"), REFUSED)
async def test_wrong_requests_are_refused_in_azures_words(
    client: Client, asked: Asked, status: int, code: str
) -> None:
    """Clients branch on the status and the code."""
    assert (await _answer(client, asked))[:2] == (status, code)


DENIED: Final = {
    VAULT: "Microsoft.KeyVault/vaults/read",
    KEY: "Microsoft.KeyVault/vaults/keys/read",
    f"{KEY}/versions": "Microsoft.KeyVault/vaults/keys/versions/read",
}


@pytest.mark.parametrize("path", DENIED)
async def test_a_denial_names_the_missing_action(client: Client, estate: Estate, path: str) -> None:
    """What may not be read is never an empty success."""
    estate.denials.add(DENIED[path])

    status, code, message = await _answer(client, Asked(path, KEY_VERSION))

    assert (status, code) == (403, "AuthorizationFailed")
    assert DENIED[path] in message


STORAGE: Final = "https://storage.azure.com"


@pytest.mark.parametrize(
    ("question", "secret", "status"),
    [
        (f"resource={STORAGE}", "wrong", 401),
        (f"resource={STORAGE}&client_id=00000000-0000-0000-0000-000000000001", None, 400),
        (f"resource={STORAGE}&mi_res_id=/subscriptions/x", None, 501),
    ],
)
async def test_the_identity_endpoint_refuses_what_it_does_not_know(
    client: Client, question: str, secret: str | None, status: int
) -> None:
    """A wrong identity must fail here, not read an empty estate later."""
    header = {"X-IDENTITY-HEADER": secret or client.simulator.identity_header}
    url = f"{client.simulator.identity_endpoint}?{question}"

    answered, body, _ = await client.get(url, version="2019-08-01", headers=header, token=None)

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
