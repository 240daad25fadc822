"""Requests about keys are counted by kind, meet faults, and are what Microsoft's libraries send."""

from collections.abc import Iterator
from typing import Any, Self

import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import AioHttpTransport
from azure.mgmt.authorization.aio import AuthorizationManagementClient
from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient
from azure.mgmt.keyvault.aio import KeyVaultManagementClient
from azure.mgmt.resourcegraph.aio import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

from local.simulator import Fault, Simulator, arm_error
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.test_resource_graph import query
from tests.unit.local.simulator.vault_kit import KEY, KEY_VERSION, KEYS, NEW, OLD, small_estate

pytestmark = pytest.mark.long


class Credential:
    """Gives tokens of one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def get_token(self, *_: str, **__: object) -> AccessToken:
        """Give a token."""
        token = self._simulator.tokens.issue(self._simulator.url)
        return AccessToken(token.value, token.expires_on)

    async def close(self) -> None:
        """Close nothing."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the small estate with vaults."""
    with Simulator(small_estate()) as running:
        yield running


async def test_microsofts_libraries_read_all_of_it_and_each_kind_is_counted(
    client: Client, simulator: Simulator
) -> None:
    """Their versions, paths and bodies are what has to be answered, and counts prove thrift."""
    subscription = KEYS.rpartition("/")[2]
    apps = simulator.estate.subscriptions[0]
    grant = simulator.estate.grants.add(KEY, "Key Vault Crypto User", "some-id")
    options: dict[str, Any] = {
        "base_url": simulator.url,
        "credential_scopes": [f"{simulator.url}/.default"],
        "transport": AioHttpTransport(session=client.session, session_owner=False),
    }
    credential = Credential(simulator)
    vaults = KeyVaultManagementClient(credential, subscription, **options)
    grants = AuthorizationManagementClient(credential, subscription, **options)
    graph = ResourceGraphClient(credential, **options)
    accounts = CognitiveServicesManagementClient(credential, apps.id, **options)

    vault = await vaults.vaults.get("rg-keys", "kv-one")
    hsm = await vaults.managed_hsms.get("rg-keys", "hsm-one")
    key = await vaults.keys.get("rg-keys", "kv-one", "cmk")
    hsm_key = await vaults.managed_hsm_keys.get("rg-keys", "hsm-one", "cmk")
    versions = [each.name async for each in vaults.keys.list_versions("rg-keys", "kv-one", "cmk")]
    found = [each async for each in grants.role_assignments.list_for_scope(KEY, filter="atScope()")]
    role = await grants.role_definitions.get_by_id(found[0].role_definition_id)
    asked = QueryRequest(query=query("kv-one"), options=QueryRequestOptions(top=1000))
    listed = await graph.resources(asked)
    scopes = [each async for each in accounts.encryption_scopes.list("rg-apps", "chat")]

    assert vault.properties.vault_uri == "https://kv-one.vault.azure.net/"
    assert hsm is not None
    assert hsm.properties is not None
    assert hsm.properties.hsm_uri == "https://hsm-one.managedhsm.azure.net/"
    assert key.properties is not None
    assert (key.properties.kty, key.properties.key_size) == ("RSA", 2048)
    assert (hsm_key.name, versions) == ("cmk", [OLD, NEW])
    assert (found[0].name, role.role_name) == (grant.name, "Key Vault Crypto User")
    assert (listed.count, scopes) == (1, [])
    assert simulator.requests.kinds() == {
        "vault": 2,
        "key": 2,
        "version": 1,
        "grant": 1,
        "role": 1,
        "graph": 1,
        "scope": 1,
    }


async def test_other_requests_are_counted_by_kind_as_well(client: Client) -> None:
    """What is of no known kind must be seen in a count, and not be lost."""
    for path in ("/msi/token", "/subscriptions", f"{KEYS}/x/accounts", "/tenants"):
        await client.get(path)
    await client.get(f"{KEYS}/providers/Microsoft.CognitiveServices/accounts")

    kinds = client.simulator.requests.kinds()
    assert kinds == {"token": 1, "subscription": 2, "account": 1, "other": 1}


async def test_faults_meet_questions_about_keys(client: Client) -> None:
    """Trouble with one key, or with Resource Graph, is as common as with accounts."""
    client.simulator.faults.add(
        Fault(path="*/keys/*", then=arm_error(503, "ServerTimeout")),
        Fault(path="*/Microsoft.ResourceGraph/*", method="POST", then=arm_error(429, "RateLimit")),
    )
    key, _, _ = await client.get(KEY, version=KEY_VERSION)
    path = "/providers/Microsoft.ResourceGraph/resources"
    graph, _, _ = await client.get(path, method="POST", version="2021-03-01", body={})

    assert (key, graph) == (503, 429)
