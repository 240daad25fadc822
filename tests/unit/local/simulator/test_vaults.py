"""Vaults and keys must be read as Azure sends them, while they change, and where they are not."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from local.simulator import KeySpec, Simulator, Vault, VaultSpec, VersionSpec
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import (
    KEY,
    KEY_VERSION,
    KEYS,
    NEW,
    OLD,
    VAULT,
    names,
    small_estate,
)

pytestmark = pytest.mark.long

_PROVIDER = "Microsoft.KeyVault"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Serve the small estate with vaults."""
    with Simulator(small_estate()) as running:
        yield running


@pytest.fixture
def vault(simulator: Simulator) -> Vault:
    """Give its first vault, alive."""
    return simulator.estate.subscription(KEYS.rpartition("/")[2]).vaults["kv-one"]


async def read(client: Client, path: str) -> dict[str, Any]:
    """Read what must be there."""
    status, body, _ = await client.get(path, version=KEY_VERSION)
    assert status == 200, body
    found: dict[str, Any] = body
    return found


async def refusal(client: Client, path: str, version: str = KEY_VERSION) -> tuple[int, str]:
    """Read what must not be there; gives the status and the code."""
    status, body, _ = await client.get(path, version=version)
    return status, body["error"]["code"]


async def test_lists_of_keys_and_versions_name_neither_type_nor_size(client: Client) -> None:
    """A client that takes them from a list must meet a list that does not have them."""
    keys = await read(client, f"{VAULT}/keys")
    versions = await read(client, f"{KEY}/versions")

    assert (names(keys), names(versions)) == (["cmk"], [OLD, NEW])
    assert {
        name for each in (*keys["value"], *versions["value"]) for name in each["properties"]
    } == {
        "attributes",
        "keyUri",
        "keyUriWithVersion",
    }
    assert versions["value"][0]["properties"]["attributes"]["created"] == 1_700_000_000


async def test_a_key_rotates_as_time_passes(client: Client, vault: Vault) -> None:
    """By its policy, which only the key itself shows; a version that is disabled stays."""
    policy: dict[str, Any] = {
        "lifetimeActions": [
            {
                "trigger": {"timeAfterCreate": None, "timeBeforeExpiry": "P1M"},
                "action": {"type": "Rotate"},
            }
        ],
        "attributes": {"expiryTime": "P3M"},
    }
    start = 1_704_024_000  # 31 December 2023, noon
    first = VersionSpec(created=start, exp=start + 91 * 86_400)
    key = vault.add_key(KeySpec(name="turning", versions=(first,), policy=policy))
    path, seen = KEY.replace("/keys/cmk", "/keys/turning"), {}
    for day in (59, 60, 119, 120, 500):
        if day == 500:
            key.latest.set("properties.attributes.enabled", value=False)
        key.clock = partial(float, start + day * 86_400)
        (versions,) = await client.walk(f"{path}/versions", version=KEY_VERSION)
        made = [each["properties"]["attributes"]["created"] - start for each in versions]
        seen[day] = [seconds // 86_400 for seconds in made]
    shown = await read(client, path)

    assert seen == {59: [0], 60: [0, 60], 119: [0, 60], 120: [0, 60, 120], 500: [0, 60, 120]}
    assert shown["properties"]["rotationPolicy"] == policy
    assert "rotationPolicy" not in versions[0]["properties"]


async def test_a_denial_at_one_vault_leaves_the_next_alone(client: Client) -> None:
    """kv-one is no parent of kv-one-more, whatever a comparison of texts says."""
    client.simulator.estate.denials.add(f"{_PROVIDER}/vaults/read", VAULT)
    vaults = client.simulator.estate.subscription(KEYS.rpartition("/")[2]).vaults
    vaults.add(VaultSpec(name="kv-one-more", group="rg-keys"))

    assert await refusal(client, VAULT) == (403, "AuthorizationFailed")
    assert await read(client, f"{VAULT}-more")
