"""Keys arrive as Azure says they are, with their versions where an account pins one."""

import pytest

from cmk_check.core.keys.facts import Key
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory.gaps import READ_VERSIONS
from local.simulator import KeySpec, VersionSpec, arm_error
from tests.contract.inventory.azure_kit import KEY_VAULT, Azure, unread

KEY = f"{KEY_VAULT}/keys/cmk"
OLD, NEW = "a" * 32, "b" * 32
ROTATED = KeySpec(
    name="cmk",
    size=3072,
    operations=("wrapKey", "unwrapKey"),
    versions=(VersionSpec(version=OLD, enabled=False), VersionSpec(version=NEW, exp=4_000_000_000)),
)


async def test_key_that_is_followed_is_read_at_its_latest_version(azure: Azure) -> None:
    """An account without a version uses whatever is the latest: nothing else needs to be read."""
    azure.add_vault(keys=[ROTATED])
    account = azure.add_account(keyName="CMK", keyVersion="")

    facts = await azure.facts_of(account)

    key = facts.key
    assert isinstance(key, Key)
    assert (key.id, key.versions) == (KEY, None)
    assert (key.latest.version, key.latest.enabled) == (NEW, True)
    assert (key.latest.type, key.latest.size) == ("RSA", 3072)
    assert key.latest.operations == frozenset({"wrapkey", "unwrapkey"})
    assert (key.latest.malformed, azure.costs()["versions"]) == (None, 0)
    assert (facts.grants, azure.costs()["grants"]) == (None, 0)  # policies decide in this vault


@pytest.mark.parametrize("spelled", [OLD, OLD.upper(), "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"])
async def test_version_that_is_pinned_is_read_as_a_whole_p1(azure: Azure, spelled: str) -> None:
    """P1: lists of versions leave out what a version is good for; the latest may be another."""
    vault = azure.add_vault(keys=[ROTATED])
    key = vault.key("cmk")
    assert key is not None
    key.versions[0].set("properties.keySize", 1024)
    account = azure.add_account(keyVersion=spelled)

    read = (await azure.facts_of(account)).key

    assert isinstance(read, Key)
    assert isinstance(read.versions, tuple)
    assert [(v.version, v.enabled, v.size) for v in read.versions] == [
        (OLD, False, 1024),
        (NEW, True, None),
    ]
    assert read.latest.size == 3072


async def test_latest_version_that_is_pinned_costs_no_further_request_p8(azure: Azure) -> None:
    """P8: it was just read as the key itself, and most of those pinned are the latest."""
    azure.add_vault(keys=[ROTATED])

    key = (await azure.facts_of(azure.add_account(keyVersion=NEW))).key

    assert isinstance(key, Key)
    assert isinstance(key.versions, tuple)
    assert [(v.version, v.size) for v in key.versions] == [(OLD, None), (NEW, 3072)]
    assert (azure.costs()["keys"], azure.costs()["versions"]) == (1, 1)


@pytest.mark.parametrize("path", ["*/keys/cmk/versions", f"*/keys/cmk/versions/{OLD}"])
async def test_versions_that_cannot_be_read_are_said_to_be(azure: Azure, path: str) -> None:
    """The key itself was read, and what is wrong with it still counts."""
    azure.add_vault(keys=[ROTATED])
    azure.answer(path, arm_error(403, "AuthorizationFailed"))
    account = azure.add_account(keyVersion=OLD)

    key = (await azure.facts_of(account)).key

    assert isinstance(key, Key)
    assert key.latest.version == NEW
    assert unread(key.versions).missing_action == READ_VERSIONS


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("KeyNotFound", True),
        ("ResourceNotFound", True),
        ("NotFound", True),
        ("ParentResourceNotFound", False),
        ("ResourceGroupNotFound", False),
        ("SubscriptionNotFound", False),
        ("InvalidResourceType", False),
        ("", False),
    ],
)
async def test_key_is_absent_only_where_azure_says_so_p2(
    azure: Azure,
    code: str,
    absent: bool,  # noqa: FBT001 - parametrised
) -> None:
    """P2: its vault was read a moment ago, so a vault that is gone is a contradiction."""
    azure.add_vault()
    azure.answer("*/keys/cmk", arm_error(404, code))
    account = azure.add_account()

    key = (await azure.facts_of(account)).key

    assert isinstance(key, Absent if absent else Unread)
    assert key.id == KEY


@pytest.mark.parametrize("name", ["../../x", "a b", "cmk?x=1", "ä", "a" * 128])
async def test_name_that_is_no_keys_gets_into_no_url_p10(azure: Azure, name: str) -> None:
    """P10: what an account says is text; the sentence says what to set."""
    azure.add_vault()
    account = azure.add_account(keyName=name)

    facts = await azure.facts_of(account)

    assert "Set the key again" in (unread(facts.key).detail or "")
    assert facts.grants is None
    assert azure.costs() == {"graph": 1, "vaults": 1}
