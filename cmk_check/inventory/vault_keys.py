"""The keys of vaults by Azure Resource Manager: attributes only, never the key itself."""

from dataclasses import replace
from typing import Final

from cmk_check.core.key_facts import Absent, Key, KeyVersion, Unread
from cmk_check.core.key_parsing import parse_key, parse_version
from cmk_check.inventory.calls import Until
from cmk_check.inventory.clients import Clients
from cmk_check.inventory.gaps import (
    READ_HSM_KEYS,
    READ_HSM_VERSIONS,
    READ_KEYS,
    READ_VERSIONS,
    TROUBLE,
    code_of_404,
    gap_of,
)
from cmk_check.inventory.once import Once
from cmk_check.inventory.vault_id import KeyId
from cmk_check.inventory.vaults import VaultClients

# Of a vault that was just read: other codes would say that this very vault is not there, or that
# its type is not known.
_GONE: Final = frozenset({"keynotfound", "notfound", "resourcenotfound"})

type _Versions = tuple[KeyVersion, ...] | Unread


class VaultKeys:
    """Reads keys, each of them and its versions once."""

    def __init__(self, clients: Clients, client_of: VaultClients) -> None:
        self._clients = clients
        self._client_of = client_of
        self._keys: Once[Key | Absent | Unread] = Once()
        self._versions: Once[_Versions] = Once()

    async def find(self, key_id: KeyId, deadline: float, *, pinned: bool) -> Key | Absent | Unread:
        """Return a key, with all its versions where one of them is pinned."""
        key = await self._keys.get(key_id, lambda until: self._get(key_id, until), deadline)
        if not (pinned and isinstance(key, Key)):
            return key
        versions = await self._versions.get(
            key_id, lambda until: self._list(key_id, until), deadline
        )
        return replace(key, versions=versions)

    async def _get(self, key_id: KeyId, until: Until) -> Key | Absent | Unread:
        client = self._client_of(key_id.vault.subscription_id)
        hsm = key_id.vault.is_managed_hsm
        get = client.managed_hsm_keys.get if hsm else client.keys.get
        at = (key_id.vault.group, key_id.vault.name, key_id.name)
        try:
            document = await self._clients.document(until, lambda call: get(*at, call=call))
        except TROUBLE as error:
            if code_of_404(error) in _GONE:
                return Absent(key_id.text)
            return Unread(gap_of(error, READ_HSM_KEYS if hsm else READ_KEYS))
        return replace(parse_key(document), id=key_id.text)

    async def _list(self, key_id: KeyId, until: Until) -> _Versions:
        client = self._client_of(key_id.vault.subscription_id)
        hsm = key_id.vault.is_managed_hsm
        versions = client.managed_hsm_keys.list_versions if hsm else client.keys.list_versions
        at = (key_id.vault.group, key_id.vault.name, key_id.name)
        try:
            entries = await self._clients.entries(until, lambda call: versions(*at, call=call))
        except TROUBLE as error:
            return Unread(gap_of(error, READ_HSM_VERSIONS if hsm else READ_VERSIONS))
        return tuple(parse_version(entry) for entry in entries)
