"""Read the key facts of accounts: vaults, keys and role assignments.

The reader calls only Azure Resource Manager and never a vault itself, so the vaults' firewalls do
not matter, and no key material is accessed.
"""

import asyncio
from collections.abc import Mapping, Sequence

from cmk_check.core.account import Account
from cmk_check.core.keys.facts import Grant, Key, KeyFacts
from cmk_check.core.keys.permissions import get_key_user
from cmk_check.core.keys.version_in_use import get_pinned_version
from cmk_check.core.reasons.gap_sentences import UNUSABLE_KEY
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.keys.ids import KeyId
from cmk_check.inventory.keys.role_assignments import RoleAssignments
from cmk_check.inventory.keys.vault_keys import VaultKeys
from cmk_check.inventory.keys.vaults import LocatedVault, Vaults


class AzureKeys:
    """Implements ``ports.KeyInventory``; a failure affects only the fact that was being read."""

    def __init__(self, reader: ArmReader) -> None:
        self._vaults = Vaults(reader)
        self._keys = VaultKeys(reader)
        self._grants = RoleAssignments(reader)

    async def read(
        self, accounts: Sequence[Account], known_vaults: Mapping[str, str], *, seconds: float
    ) -> Mapping[str, KeyFacts]:
        """Return the key facts of each account, keyed by the account's lower-cased id."""
        deadline = asyncio.get_running_loop().time() + seconds
        self._vaults.remember(known_vaults.values())
        async with asyncio.TaskGroup() as group:
            facts = {
                account_id: group.create_task(
                    self._read_facts(account, known_vaults.get(account_id), deadline)
                )
                for account_id, account in {each.id.text: each for each in accounts}.items()
            }
        return {account_id: task.result() for account_id, task in facts.items()}

    async def _read_facts(
        self, account: Account, known_vault: str | None, deadline: float
    ) -> KeyFacts:
        vault = await self._vaults.find(account.key_vault_uri, known_vault, deadline)
        if not isinstance(vault, LocatedVault):
            return KeyFacts(vault, None, None)
        return KeyFacts(vault.vault, *await self._read_key(account, vault, deadline))

    async def _read_key(
        self, account: Account, located: LocatedVault, deadline: float
    ) -> tuple[Key | Absent | Unread, tuple[Grant, ...] | Unread | None]:
        """Return an account's key, and the grants on this key if the vault uses Azure roles."""
        key_id = KeyId.build(located.at, account.key_name)
        if key_id is None:
            return Unread(UNUSABLE_KEY), None
        principal_id, vault = get_key_user(account), located.vault
        async with asyncio.TaskGroup() as group:
            key = group.create_task(self._keys.find(key_id, get_pinned_version(account), deadline))
            if principal_id is None or not vault.uses_rbac or vault.is_managed_hsm:
                return await key, None
            grants = await self._grants.find(principal_id, key_id, deadline)
        return key.result(), grants
