"""A bug of this program is a bug: it is no trouble of Azure, and its traceback reaches the log."""

import traceback
from typing import Final

import pytest

from local.simulator import CMK_POLICY, builtin_id
from tests.contract.inventory.azure_kit import Azure
from tests.contract.inventory.conftest import LISTED, SUBSCRIPTION

OURS: Final = "cmk_check.inventory"
BEHIND: Final = [  # what decides, once a call has its answer
    "azure_inventory.parse_account",
    "keys.vaults.parse_vault",
    "keys.vault_keys.parse_key",
    "keys.vault_keys.parse_version",
    "keys.role_assignments.parse_assignment",
    "keys.role_assignments.parse_role",
    "exemptions.parse_exemption",
    "exemptions.parse_assignment",
    "exemptions.parse_set",
    "subscriptions.find_owner",
    "resource_graph.KnownAccount",
]


def _fail(*_: object, **__: object) -> None:
    raise TypeError("deliberate")


async def _read_everything(azure: Azure) -> None:
    vault = azure.add_rbac_vault()
    account = azure.add_account(keyVersion=vault.keys[0].versions[0].version)
    azure.grant(vault.id, account)
    azure.accounts.management_groups = ("company",)
    company = "/providers/Microsoft.Management/managementGroups/company"
    policies = azure.simulator.estate.policies
    assigned = policies.assign(
        company, "cmk", policies.add_set(company, "ours", {"cmk": builtin_id(CMK_POLICY)}).id
    )
    policies.exempt(account.id.text, "exempt", assigned.id)

    await azure.inventory.subscriptions()
    await azure.inventory.account_search().accounts([SUBSCRIPTION])
    await azure.inventory.read(LISTED, seconds=20)
    await azure.keys.read([account], {}, seconds=20)
    await azure.inventory.exemptions().read(SUBSCRIPTION, [account.id], seconds=20)


@pytest.mark.parametrize("name", BEHIND)
async def test_a_bug_behind_a_call_is_left_to_who_logs_it(
    azure: Azure, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gap that blames Azure would hide it in every subscription."""
    monkeypatch.setattr(f"{OURS}.{name}", _fail)

    with pytest.raises((TypeError, ExceptionGroup)) as raised:
        await _read_everything(azure)

    assert "TypeError: deliberate" in "".join(traceback.format_exception(raised.value))
