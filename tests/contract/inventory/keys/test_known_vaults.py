"""Where vaults were found earlier helps all who name them, and misleads nobody."""

import pytest

from cmk_check.core.keys.facts import Vault
from cmk_check.core.unread import Absent
from cmk_check.inventory.gaps import READ_VAULTS
from local.simulator import arm_error
from tests.contract.inventory.conftest import GRAPH
from tests.contract.inventory.keys.key_kit import KEY_VAULT, Azure, unread

STALE = KEY_VAULT.replace("rg-keys", "rg-old")


@pytest.fixture(autouse=True)
def _old_group(azure: Azure) -> None:
    azure.vaults.add_group("rg-old")


@pytest.mark.parametrize("stale", ["a", "b"])
async def test_id_that_one_account_kept_too_long_harms_no_other_p2(
    azure: Azure, stale: str
) -> None:
    """P2 and P8: where another account found the vault, this one finds it too, without a query."""
    azure.add_vault()
    accounts = [azure.add_account(name=name) for name in "ab"]
    known = {a.id.text: STALE if a.id.name == stale else KEY_VAULT for a in accounts}

    facts = await azure.keys.read(accounts, known, seconds=5)

    assert [type(each.vault) for each in facts.values()] == [Vault] * 2
    assert [each.vault.id for each in facts.values()] == [KEY_VAULT] * 2
    assert azure.costs()["graph"] == 0


async def test_place_where_another_account_lost_its_vault_is_not_this_ones_p2(
    azure: Azure,
) -> None:
    """P2: of an account that never had it there, nobody can say that it is gone."""
    old, new = azure.add_account(name="old"), azure.add_account(name="new")

    facts = await azure.keys.read([old, new], {old.id.text: STALE}, seconds=5)

    assert facts[old.id.text].vault == Absent(STALE)
    never = facts[new.id.text].vault
    assert (unread(never).missing_action, never.id) == (READ_VAULTS, None)


@pytest.mark.parametrize("stale", [STALE, None])
async def test_vault_is_not_gone_where_another_account_knows_a_place_that_cannot_be_read_p2(
    azure: Azure, stale: str | None
) -> None:
    """P2: it may lie there; and each account goes on to remember its own place alone."""
    accounts = old, new = azure.add_account(name="old"), azure.add_account(name="new")
    azure.answer("*/resourcegroups/rg-keys/*/vaults/kv-a", arm_error(403, "AuthorizationFailed"))
    known = {new.id.text: KEY_VAULT} | ({} if stale is None else {old.id.text: stale})

    facts = await azure.keys.read(accounts, known, seconds=5)

    vaults = [facts[account.id.text].vault for account in accounts]
    assert [unread(vault).missing_action for vault in vaults] == [READ_VAULTS] * 2
    assert [vault.id for vault in vaults] == [stale, KEY_VAULT]


async def test_query_that_fails_leaves_each_account_its_own_place(azure: Azure) -> None:
    """Where it was is all there is to tell later that it is gone."""
    places = (STALE, STALE.replace("rg-old", "rg-older"), None)
    accounts = [azure.add_account(name=f"a{number}") for number in range(3)]
    azure.vaults.add_group("rg-older")
    azure.answer(GRAPH, arm_error(403, "AuthorizationFailed"))
    known = {a.id.text: place for a, place in zip(accounts, places, strict=True) if place}

    facts = await azure.keys.read(accounts, known, seconds=5)

    assert [facts[account.id.text].vault.id for account in accounts] == list(places)
