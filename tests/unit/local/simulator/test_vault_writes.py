"""What a fix changes beside the account: vaults, keys, who may use them."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator import Simulator, VaultSpec
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import (
    GRANT_VERSION,
    GROUP,
    HSM,
    KEY,
    KEY_VERSION,
    KEYS,
    VAULT,
    VAULTS,
    small_estate,
)

pytestmark = pytest.mark.long

ME = "2e8d1f60-0000-4000-8000-00000000000a"
OTHER = "2e8d1f60-0000-4000-8000-00000000000b"
NEW = f"{GROUP}{VAULTS}/kv-new"
PROPERTIES = {
    "tenantId": "t",
    "sku": {"family": "A", "name": "standard"},
    "accessPolicies": [],
    "enableRbacAuthorization": True,
    "enablePurgeProtection": None,
}
BODY = {"location": "eastus2", "tags": {"a": "b"}, "properties": PROPERTIES}
RSA = {"properties": {"kty": "RSA", "keySize": 3072, "rotationPolicy": {"attributes": {}}}}
ROLE = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
ASSIGNMENT = (
    "/providers/Microsoft.Authorization/roleAssignments/5a0e0000-0000-4000-8000-000000000001"
)
GRANT = {"properties": {"roleDefinitionId": f"{KEYS}/x/roleDefinitions/{ROLE}", "principalId": ME}}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the small estate with vaults."""
    with Simulator(small_estate()) as running:
        yield running


async def _put(client: Client, path: str, body: object) -> tuple[int, Any]:
    version = GRANT_VERSION if "/roleAssignments/" in path else KEY_VERSION
    status, answer, _ = await client.as_administrator(
        path, method="PUT", body=body, version=version
    )
    return status, answer


async def _read(client: Client, path: str) -> Any:  # noqa: ANN401 - its JSON
    status, answer, _ = await client.get(path, version=KEY_VERSION)
    assert status == 200, answer
    return answer


def _policy(object_id: str, *keys: str) -> dict[str, Any]:
    policy = {"tenantId": "t", "objectId": object_id, "permissions": {"keys": list(keys)}}
    return {"properties": {"accessPolicies": [policy]}}


async def test_purge_protection_is_not_switched_off(client: Client) -> None:
    """It is for ever, and a plan that says otherwise would fail in Azure."""
    off = BODY | {"properties": PROPERTIES | {"enablePurgeProtection": False}}

    status, answer = await _put(client, VAULT, off)

    assert (status, answer["error"]["code"]) == (400, "BadRequest")
    assert (await _read(client, VAULT))["properties"]["enablePurgeProtection"] is True


@pytest.mark.parametrize("name", ["KV-One", "kv-gone"], ids=["in another group", "deleted"])
async def test_a_name_that_is_taken_is_refused(client: Client, name: str) -> None:
    """Names of vaults are worldwide, and a deleted vault keeps its own."""
    subscription = client.simulator.estate.subscription(KEYS.rpartition("/")[2])
    subscription.vaults.add(VaultSpec(name="kv-gone", group="rg-other", deleted=True))

    status, answer = await _put(client, f"{KEYS}/resourceGroups/rg-other{VAULTS}/{name}", BODY)

    assert (status, answer["error"]["code"]) == (409, "VaultAlreadyExists")


async def test_policies_are_added_to_those_that_there_are(client: Client) -> None:
    """Who took the others away would break every account of the vault."""
    await _put(client, f"{VAULT}/accessPolicies/add", _policy(OTHER, "get"))
    await _put(client, f"{VAULT}/accessPolicies/add", _policy(ME, "get"))
    status, _ = await _put(client, f"{VAULT}/accessPolicies/add", _policy(ME, "wrapKey"))

    policies = (await _read(client, VAULT))["properties"]["accessPolicies"]
    assert status == 200
    assert {each["objectId"]: each["permissions"]["keys"] for each in policies} == {
        OTHER: ["get"],
        ME: ["get", "wrapKey"],
    }


@pytest.mark.parametrize(
    ("path", "body", "action"),
    [
        (NEW, BODY, "Microsoft.KeyVault/vaults/write"),
        (f"{VAULT}/keys/new", RSA, "Microsoft.KeyVault/vaults/keys/write"),
        (
            f"{VAULT}/accessPolicies/add",
            _policy(ME, "get"),
            "Microsoft.KeyVault/vaults/accessPolicies/write",
        ),
        (KEY + ASSIGNMENT, GRANT, "Microsoft.Authorization/roleAssignments/write"),
    ],
)
async def test_a_reader_may_change_none_of_it(
    client: Client, path: str, body: object, action: str
) -> None:
    """The program has the Reader role: a write of it must fail here as it would in Azure."""
    version = GRANT_VERSION if "/roleAssignments/" in path else KEY_VERSION

    status, answer, _ = await client.get(path, method="PUT", body=body, version=version)

    assert (status, answer["error"]["code"]) == (403, "AuthorizationFailed")
    assert f"'{action}'" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param(f"{VAULT}/keys/new", {"properties": {"kty": "EC"}}, id="another kind of key"),
        pytest.param(f"{HSM}/keys/new", RSA, id="a key of a managed HSM"),
        pytest.param(KEY + ASSIGNMENT, {}, id="an empty assignment"),
        pytest.param(
            KEY + ASSIGNMENT,
            {"properties": GRANT["properties"] | {"condition": "x"}},
            id="a condition",
        ),
        pytest.param(ASSIGNMENT, GRANT, id="a role above subscriptions"),
    ],
)
async def test_any_other_change_is_an_explicit_501(client: Client, path: str, body: object) -> None:
    """A success that changes nothing would make a test pass for nothing."""
    status, _ = await _put(client, path, body)

    assert status == 501
