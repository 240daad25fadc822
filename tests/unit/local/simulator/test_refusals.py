"""What the simulator refuses: more than Azure would let through must not pass here.

An unknown request is an explicit 501, because an empty success would make a test pass for nothing.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import aiohttp
import pytest
from yarl import URL

from local.simulator import (
    CMK_POLICY,
    AccountSpec,
    Estate,
    KeySpec,
    Simulator,
    VaultSpec,
    builtin_id,
)

pytestmark = pytest.mark.long

ACCOUNT_VERSION: Final = "2025-09-01"
EXEMPTION_VERSION: Final = "2022-07-01-preview"
KEY_VERSION: Final = "2026-05-15"
GRANT_VERSION: Final = "2022-04-01"
GRAPH_VERSION: Final = "2021-03-01"
ACCOUNTS: Final = "/providers/Microsoft.CognitiveServices/accounts"
VAULTS: Final = "/providers/Microsoft.KeyVault/vaults"
APPS: Final = "/subscriptions/5d0c7b1e-0000-4000-8000-000000000001"
KEYS: Final = "/subscriptions/5d0c7b1e-0000-4000-8000-000000000002"
COMPANY: Final = "/providers/Microsoft.Management/managementGroups/company"
GROUP: Final = f"{KEYS}/resourceGroups/rg-Keys"
VAULT: Final = f"{GROUP}{VAULTS}/kv-one"
KEY: Final = f"{VAULT}/keys/cmk"
HSM: Final = f"{GROUP}/providers/Microsoft.KeyVault/managedHSMs/hsm-one"
ME: Final = "2e8d1f60-0000-4000-8000-00000000000a"
AUTH: Final = "/providers/Microsoft.Authorization"
GRAPH: Final = "/providers/Microsoft.ResourceGraph/resources"
CHAT: Final = f"{APPS}/resourceGroups/rg-apps{ACCOUNTS}/chat"
GRANTS: Final = f"{KEY}{AUTH}/roleAssignments"
NEW_GRANT: Final = f"{GRANTS}/5a0e0000-0000-4000-8000-000000000001"
EXEMPTION: Final = f"{APPS}{AUTH}/policyExemptions/a"
OURS: Final = f"{COMPANY}{AUTH}/policyAssignments/cmk"
CRYPTO_USER: Final = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
VAULT_BODY: Final = {
    "location": "eastus2",
    "properties": {"tenantId": "t", "sku": {}, "accessPolicies": []},
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
QUERY: Final = (
    "Resources | where type in~ ('microsoft.keyvault/vaults','microsoft.keyvault/managedhsms') | "
    "where name in~ ('kv-one') | project id, name, type | order by id asc"
)
QUESTION: Final = {"query": QUERY, "options": {"resultFormat": "objectArray"}}


class Asked(NamedTuple):
    """A request; by the identity of the app unless ``by`` is the administrator."""

    path: str
    version: str = ACCOUNT_VERSION
    method: str = "GET"
    body: object = None
    by: str = "app"


def put(path: str, body: object, version: str = KEY_VERSION, by: str = "administrator") -> Asked:
    """Return a request that writes."""
    return Asked(path, version, "PUT", body, by)


def graph(text: str = QUERY, **more: object) -> Asked:
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
    graph(f"{QUERY} | limit 5"),
    graph(QUERY.replace("kv-one", "kv-one' or 1==1")),
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


async def _answer(simulator: Simulator, asked: Asked) -> tuple[int, str, str]:
    """Send a request; return the status, the code and the message."""
    administrator = simulator.tokens.identity(simulator.estate.administrator)
    who = administrator if asked.by == "administrator" else None
    headers = {"Authorization": f"Bearer {simulator.tokens.issue(simulator.url, who).value}"}
    mark = "&" if "?" in asked.path else "?"
    url = URL(f"{simulator.url}{asked.path}{mark}api-version={asked.version}", encoded=True)
    connector = aiohttp.TCPConnector(ssl=simulator.client_ssl())
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(asked.method, url, headers=headers, json=asked.body) as response,
    ):
        error = (await response.json())["error"]
        return response.status, error["code"], error["message"]


def _estate() -> Estate:
    """Make an estate of two subscriptions: accounts in one, vaults in the other."""
    estate = Estate()
    apps = estate.add_subscription(APPS.rpartition("/")[2], "Applications")
    keys = estate.add_subscription(KEYS.rpartition("/")[2], "Keys")
    apps.management_groups = keys.management_groups = ("company",)
    apps.add_account(AccountSpec(name="chat", group="rg-apps", identity="system"))
    for name, is_hsm in (("kv-one", False), ("hsm-one", True)):
        spec = VaultSpec(name=name, group="rg-Keys", hsm=is_hsm, keys=(KeySpec(name="cmk"),))
        keys.vaults.add(spec)
    estate.policies.assign(COMPANY, "cmk", builtin_id(CMK_POLICY))
    return estate


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the estate."""
    with Simulator(_estate()) as running:
        yield running


@pytest.mark.parametrize("asked", NOT_SIMULATED)
async def test_what_is_not_simulated_is_an_explicit_501(simulator: Simulator, asked: Asked) -> None:
    """Half of a filter, a query or a change would agree with mistakes in the rest."""
    status, code, _ = await _answer(simulator, asked)

    assert (status, code) == (501, "NotSimulated")
    assert [each.status for each in simulator.requests] == [501]


@pytest.mark.parametrize(("asked", "action"), FORBIDDEN)
async def test_the_identity_of_the_app_may_write_nothing(
    simulator: Simulator, asked: Asked, action: str
) -> None:
    """It has the Reader role: a write of it must fail here as it would in Azure (P5)."""
    status, code, message = await _answer(simulator, asked)

    assert (status, code) == (403, "AuthorizationFailed")
    assert f"{action}'" in message
