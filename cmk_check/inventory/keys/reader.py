"""Reads the key facts of accounts: vaults, keys, role assignments and encryption scopes.

It reads only from Azure Resource Manager, never from a vault itself. Vault firewalls therefore do
not matter, and no key material is accessed.
"""

import asyncio
import functools
from collections.abc import Mapping, Sequence

from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient
from azure.mgmt.keyvault.aio import KeyVaultManagementClient

from cmk_check.core.account import Account
from cmk_check.core.enums import GapReason
from cmk_check.core.keys.facts import CarriedScopes, EncryptionScope, Grant, Key, KeyFacts
from cmk_check.core.keys.parsing import parse_scope
from cmk_check.core.keys.permissions import user_of
from cmk_check.core.keys.version import pinned_version
from cmk_check.core.reasons.gap_sentences import make_gap, unusable_key
from cmk_check.core.resource_id import AccountId
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.clients import Clients
from cmk_check.inventory.gaps import READ_SCOPES, TROUBLE, cannot_have_scopes, gap_of
from cmk_check.inventory.keys.ids import KeyId
from cmk_check.inventory.keys.role_assignments import RoleAssignments
from cmk_check.inventory.keys.vault_keys import VaultKeys
from cmk_check.inventory.keys.vaults import LocatedVault, Vaults
from cmk_check.limits import SCOPE_CLIENTS_KEPT
from cmk_check.ports import NOTHING_CARRIED


class AzureKeys:
    """Implements ``ports.KeyInventory``: a failure affects only the fact being read."""

    def __init__(self, clients: Clients) -> None:
        client_of = functools.cache(functools.partial(clients.of, KeyVaultManagementClient))
        self._vaults = Vaults(clients, client_of)
        self._keys = VaultKeys(clients, client_of)
        self._grants = RoleAssignments(clients)
        self._clients = clients
        self._accounts_of = functools.lru_cache(SCOPE_CLIENTS_KEPT)(
            functools.partial(clients.of, CognitiveServicesManagementClient)
        )

    async def read(
        self,
        accounts: Sequence[Account],
        known_vaults: Mapping[str, str],
        carried: Mapping[str, CarriedScopes] = NOTHING_CARRIED,
        *,
        seconds: float,
    ) -> Mapping[str, KeyFacts]:
        """Read the key facts of each account, by the account's lower-cased id."""
        deadline = asyncio.get_running_loop().time() + seconds
        self._vaults.remember(known_vaults.values())
        async with asyncio.TaskGroup() as group:
            facts = {
                account_id: group.create_task(
                    self._facts(
                        account, known_vaults.get(account_id), carried.get(account_id), deadline
                    )
                )
                for account_id, account in {each.id.text: each for each in accounts}.items()
            }
        return {account_id: task.result() for account_id, task in facts.items()}

    async def _facts(
        self, account: Account, known: str | None, carried: CarriedScopes | None, deadline: float
    ) -> KeyFacts:
        async with asyncio.TaskGroup() as group:
            scopes = group.create_task(self._scopes_of(account.id, carried, deadline))
            found = await self._vaults.find(account.key_vault_uri, known, deadline)
            if not isinstance(found, LocatedVault):
                return KeyFacts(found, None, None, await scopes)
            key, grants = await self._behind(account, found, deadline)
        return KeyFacts(found.vault, key, grants, scopes.result())

    async def _scopes_of(
        self, account_id: AccountId, carried: CarriedScopes | None, deadline: float
    ) -> tuple[EncryptionScope, ...] | CarriedScopes | Unread:
        """Return the parts of an account that have another key or none."""
        if carried is not None:
            return carried
        scopes = self._accounts_of(account_id.subscription_id).encryption_scopes
        at = (account_id.resource_group, account_id.name)
        if not account_id.has_own_path:
            return Unread(make_gap(GapReason.UNEXPECTED_RESPONSE))
        try:
            async with asyncio.timeout_at(deadline):
                entries = await self._clients.entries(
                    Deadline(deadline), lambda call: scopes.list(*at, call=call)
                )
        except TROUBLE as error:
            return () if cannot_have_scopes(error) else Unread(gap_of(error, READ_SCOPES))
        return tuple(map(parse_scope, entries))

    async def _behind(
        self, account: Account, found: LocatedVault, deadline: float
    ) -> tuple[Key | Absent | Unread, tuple[Grant, ...] | Unread | None]:
        """Return the key, and the grants on it if the vault uses Azure roles."""
        key_id = KeyId.of(found.at, account.key_name)
        if key_id is None:
            return Unread(unusable_key("The account names no usable key")), None
        principal_id, vault = user_of(account), found.vault
        async with asyncio.TaskGroup() as group:
            key = group.create_task(self._keys.find(key_id, pinned_version(account), deadline))
            if principal_id is None or not vault.uses_rbac or vault.is_managed_hsm:
                return await key, None
            grants = await self._grants.find(principal_id, key_id, deadline)
        return key.result(), grants
