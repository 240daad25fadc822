"""Vaults and keys must be read as Azure sends them, while they change, and where they are not."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from local.simulator import Access, KeySpec, Simulator, Vault, VaultSpec, VersionSpec
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import (
    GROUP,
    HSM,
    HSMS,
    KEY,
    KEY_VERSION,
    KEYS,
    NEW,
    OLD,
    VAULT,
    VAULTS,
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


async def test_a_vault_is_read_in_any_case_with_its_address_and_policies(
    client: Client, vault: Vault
) -> None:
    """A client compares addresses, and access policies decide who may use a key."""
    vault.set_policy("0b1e7a3c-0000-4000-8000-000000000001", ["get", "wrapKey", "unwrapKey"])

    body = await read(client, VAULT.upper())

    assert (body["id"], body["type"]) == (VAULT, f"{_PROVIDER}/vaults")
    assert body["properties"]["vaultUri"] == "https://kv-one.vault.azure.net/"
    assert [
        (each["objectId"], each["permissions"]["keys"])
        for each in body["properties"]["accessPolicies"]
    ] == [("0b1e7a3c-0000-4000-8000-000000000001", ["get", "wrapKey", "unwrapKey"])]


async def test_what_a_vault_does_not_set_is_absent(client: Client, vault: Vault) -> None:
    """Azure leaves out a protection that is off; a false in its place would hide the usual case."""
    vault.remove("properties.enablePurgeProtection")

    properties = (await read(client, VAULT))["properties"]

    assert "enablePurgeProtection" not in properties
    assert properties.keys() & {"enableRbacAuthorization", "networkAcls"} == set()
    assert None not in properties.values()


async def test_a_managed_hsm_is_no_vault(client: Client) -> None:
    """It has another type, another address and other roles; lists of vaults do not hold it."""
    body = await read(client, HSM)
    key = await read(client, f"{HSM}/keys/cmk")
    hsms = await read(client, f"{KEYS}{HSMS}")
    vaults = await read(client, f"{KEYS}{VAULTS}")

    assert body["type"] == f"{_PROVIDER}/managedHSMs"
    assert body["properties"]["hsmUri"] == "https://hsm-one.managedhsm.azure.net/"
    assert key["type"] == f"{_PROVIDER}/managedHSMs/keys"
    assert (names(hsms), names(vaults)) == (["hsm-one"], ["kv-one", "kv-two", "kv-three"])
    assert await refusal(client, f"{GROUP}{VAULTS}/hsm-one") == (404, "ResourceNotFound")


async def test_a_key_without_a_version_is_its_latest(client: Client) -> None:
    """An account that follows its key uses this one; its type and size stand nowhere else."""
    key = await read(client, KEY)
    version = await read(client, f"{KEY}/versions/{NEW}")

    assert (key["id"], key["name"], key["type"]) == (KEY, "cmk", f"{_PROVIDER}/vaults/keys")
    assert key["properties"] == version["properties"]
    assert (version["name"], version["type"]) == (NEW, f"{_PROVIDER}/vaults/keys/versions")
    assert (key["properties"]["kty"], key["properties"]["keySize"]) == ("RSA", 2048)
    assert key["properties"]["keyUriWithVersion"] == (
        f"https://kv-one.vault.azure.net:443/keys/cmk/{NEW}"
    )


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


async def test_dates_of_a_key_may_be_relative_to_now(client: Client, vault: Vault) -> None:
    """A date in an estate file would pass one day, and the estate would be another."""
    vault.add_key(KeySpec(name="dated", versions=(VersionSpec(nbf="-2h", exp="+10d"),)))

    attributes = (await read(client, f"{VAULT}/keys/dated"))["properties"]["attributes"]

    assert attributes["exp"] == pytest.approx(time.time() + 10 * 86_400, abs=60)
    assert attributes["nbf"] == pytest.approx(time.time() - 7_200, abs=60)
    assert (await read(client, KEY))["properties"]["attributes"].keys() & {"nbf", "exp"} == set()


async def test_an_elliptic_key_has_a_curve_and_no_size(client: Client, vault: Vault) -> None:
    """Its size must not pass for that of an RSA key."""
    vault.add_key(KeySpec(name="elliptic", kty="EC"))

    properties = (await read(client, f"{VAULT}/keys/elliptic"))["properties"]

    assert (properties["kty"], properties["curveName"]) == ("EC", "P-256")
    assert "keySize" not in properties


@pytest.mark.parametrize(
    ("path", "version", "expected"),
    [
        pytest.param(f"{GROUP}{VAULTS}/none", KEY_VERSION, "ResourceNotFound", id="vault"),
        pytest.param(
            f"{KEYS}/resourceGroups/none{VAULTS}/kv-one",
            KEY_VERSION,
            "ResourceGroupNotFound",
            id="group",
        ),
        pytest.param(
            f"{GROUP}{VAULTS}/kv-three", KEY_VERSION, "ResourceNotFound", id="other group"
        ),
        pytest.param(f"{VAULT}/keys/none", KEY_VERSION, "KeyNotFound", id="key"),
        pytest.param(f"{KEY}/versions/none", KEY_VERSION, "KeyNotFound", id="version of a key"),
        pytest.param(
            f"{GROUP}{VAULTS}/none/keys/cmk", KEY_VERSION, "ParentResourceNotFound", id="parent"
        ),
        pytest.param(VAULT, "2014-01-01", "InvalidResourceType", id="version of vaults"),
        pytest.param(KEY, "2018-02-14", "InvalidResourceType", id="keys came later"),
        pytest.param(HSM, "2019-09-01", "InvalidResourceType", id="and managed HSMs still later"),
    ],
)
async def test_what_is_not_there_is_said_in_azures_words(
    client: Client, path: str, version: str, expected: str
) -> None:
    """A vault that is gone, and a request that is wrong, are told apart by the code alone."""
    assert await refusal(client, path, version) == (404, expected)


@pytest.mark.parametrize("version", ["2016-10-01", "2023-07-01", "2026-02-01"])
async def test_a_vault_is_read_in_the_versions_of_other_clients(
    client: Client, version: str
) -> None:
    """Microsoft's own command lags behind its library."""
    status, body, _ = await client.get(VAULT, version=version)

    assert (status, body["name"]) == (200, "kv-one")


async def test_a_page_of_vaults_can_be_empty_and_yet_not_the_last(
    client: Client, simulator: Simulator
) -> None:
    """Real lists come like this, and who stops at the empty page loses the rest."""
    simulator.estate.subscription(KEYS.rpartition("/")[2]).vaults.page_sizes = (1, 0, 1)

    pages = await client.walk(f"{KEYS}{VAULTS}", version=KEY_VERSION)

    assert [[each["name"] for each in page] for page in pages] == [
        ["kv-one"],
        [],
        ["kv-two"],
        ["kv-three"],
    ]


async def test_vaults_are_listed_by_group(client: Client) -> None:
    """The name of a group is compared in any case."""
    page = await read(client, f"{GROUP.lower()}{VAULTS}")

    assert names(page) == ["kv-one", "kv-two"]


async def test_keys_and_versions_come_in_pages(client: Client, vault: Vault) -> None:
    """A key that rotates daily has more versions than a page holds."""
    client.simulator.arm.vaults.per_page = 1
    vault.add_key(KeySpec(name="other"))

    keys = await client.walk(f"{VAULT}/keys", version=KEY_VERSION)
    versions = await client.walk(f"{KEY}/versions", version=KEY_VERSION)

    assert [[each["name"] for each in page] for page in keys] == [["cmk"], ["other"]]
    assert [[each["name"] for each in page] for page in versions] == [[OLD], [NEW]]


async def test_a_key_changes_while_it_is_read(client: Client, vault: Vault) -> None:
    """Each of these is what a second scan has to notice."""
    key = vault.key("cmk")
    assert key is not None
    key.latest.set("properties.attributes.enabled", value=False)
    disabled = await read(client, KEY)
    rotated = key.rotate()
    latest = await read(client, KEY)
    vault.remove_key("cmk")
    gone = await refusal(client, KEY)
    vault.restore_key(key)

    assert disabled["properties"]["attributes"]["enabled"] is False
    assert latest["properties"]["keyUriWithVersion"].endswith(rotated.version)
    assert latest["properties"]["attributes"]["enabled"] is True
    assert gone == (404, "KeyNotFound")
    assert await read(client, KEY) == latest


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


async def test_a_vault_changes_while_it_is_read(client: Client, vault: Vault) -> None:
    """Each of these is what a second scan has to notice."""
    vaults = client.simulator.estate.subscription(KEYS.rpartition("/")[2]).vaults
    vault.set("properties.enableRbacAuthorization", value=True)
    vault.set_policy("one", ["get"])
    vault.set_policy("ONE", ["all"])
    changed = await read(client, VAULT)
    vault.remove_policy("one")
    vaults.remove("kv-one")
    gone = await refusal(client, VAULT)
    vaults.restore(vault)

    assert changed["properties"]["enableRbacAuthorization"] is True
    assert [each["objectId"] for each in changed["properties"]["accessPolicies"]] == ["ONE"]
    assert gone == (404, "ResourceNotFound")
    assert (await read(client, VAULT))["properties"]["accessPolicies"] == []


async def test_a_group_is_deleted_with_all_that_is_in_it(client: Client) -> None:
    """Then Azure says that the group is gone, and nothing of the vault."""
    client.simulator.estate.subscription(KEYS.rpartition("/")[2]).remove_group("RG-KEYS")

    assert await refusal(client, VAULT) == (404, "ResourceGroupNotFound")
    assert names(await read(client, f"{KEYS}{VAULTS}")) == ["kv-three"]


@pytest.mark.parametrize(
    ("path", "action"),
    [
        (VAULT, "vaults/read"),
        (f"{KEYS}{VAULTS}", "vaults/read"),
        (KEY, "vaults/keys/read"),
        (f"{VAULT}/keys", "vaults/keys/read"),
        (f"{KEY}/versions", "vaults/keys/versions/read"),
        (HSM, "managedHSMs/read"),
        (f"{HSM}/keys/cmk", "managedHSMs/keys/read"),
        (f"{HSM}/keys/cmk/versions", "managedHSMs/keys/versions/read"),
    ],
)
async def test_each_action_can_be_denied_and_is_named(
    client: Client, path: str, action: str
) -> None:
    """The action is what the reader of an unknown has to grant."""
    denials = client.simulator.estate.denials
    denial = denials.add(f"{_PROVIDER}/{action}", KEYS)
    denials.add(f"{_PROVIDER}/{action}", f"{KEYS}0")
    status, body, _ = await client.get(path, version=KEY_VERSION)
    denials.remove(denial)

    assert (status, body["error"]["code"]) == (403, "AuthorizationFailed")
    wanted = f"perform action '{_PROVIDER}/{action}' over scope '{KEYS}"
    assert wanted in body["error"]["message"]
    assert await read(client, path)


async def test_a_denial_at_one_vault_leaves_the_next_alone(client: Client) -> None:
    """kv-one is no parent of kv-one-more, whatever a comparison of texts says."""
    client.simulator.estate.denials.add(f"{_PROVIDER}/vaults/read", VAULT)
    vaults = client.simulator.estate.subscription(KEYS.rpartition("/")[2]).vaults
    vaults.add(VaultSpec(name="kv-one-more", group="rg-keys"))

    assert await refusal(client, VAULT) == (403, "AuthorizationFailed")
    assert await read(client, f"{VAULT}-more")


async def test_in_a_forbidden_subscription_no_vault_is_read(client: Client) -> None:
    """Whoever may not read accounts there may not read what stands beside them."""
    client.simulator.estate.subscription(KEYS.rpartition("/")[2]).access = Access.FORBIDDEN

    assert await refusal(client, VAULT) == (403, "AuthorizationFailed")
    assert await refusal(client, KEY) == (403, "AuthorizationFailed")


async def test_deleting_and_the_data_of_vaults_are_not_simulated(client: Client) -> None:
    """The program must never ask for either, and would be found out."""
    asked = [
        (await client.get(path, method=method, version=KEY_VERSION))[0]
        for method, path in (
            ("PATCH", VAULT),
            ("DELETE", VAULT),
            ("DELETE", KEY),
            ("GET", f"{VAULT}/secrets"),
            ("GET", f"{KEYS}{VAULTS}?$top=5"),
        )
    ]

    assert asked == [501] * 5
