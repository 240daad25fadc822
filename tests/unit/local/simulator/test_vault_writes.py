"""What a fix changes beside the account: vaults, keys, who may use them."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.simulator import Simulator
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import (
    GRANT_VERSION,
    KEY_VERSION,
    VAULT,
    small_estate,
)

pytestmark = pytest.mark.long

ME = "2e8d1f60-0000-4000-8000-00000000000a"
OTHER = "2e8d1f60-0000-4000-8000-00000000000b"
PROPERTIES = {
    "tenantId": "t",
    "sku": {"family": "A", "name": "standard"},
    "accessPolicies": [],
    "enableRbacAuthorization": True,
    "enablePurgeProtection": None,
}
BODY = {"location": "eastus2", "tags": {"a": "b"}, "properties": PROPERTIES}


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
