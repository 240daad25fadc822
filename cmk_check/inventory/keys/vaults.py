"""Find and read an account's vault by the id or the name of the vault."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from cmk_check.core.enums import GapReason
from cmk_check.core.keys.facts import Vault
from cmk_check.core.keys.parsing import parse_vault, vault_name
from cmk_check.core.reasons import gap_sentences as sentences
from cmk_check.core.text import as_object
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory import gaps
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.keys.ids import VaultId
from cmk_check.inventory.resource_graph import BY_ID, read_rows
from cmk_check.inventory.single_flight import SingleFlight
from cmk_check.limits import MAX_VAULT_PAGES, VAULTS_PER_QUERY
from cmk_check.ports import InventoryError

# The codes of a vault that does not exist under the requested id. Other codes refer to types and
# versions, and an HTML page means nothing for vaults.
_GONE: Final = frozenset({"notfound", "resourcegroupnotfound", "resourcenotfound", "vaultnotfound"})
# The code for a subscription that was deleted, belongs to another tenant, or is hidden.
_HIDDEN: Final = "subscriptionnotfound"


@dataclass(frozen=True, slots=True)
class LocatedVault:
    """A vault and its id."""

    at: VaultId
    vault: Vault


type _Answer = Mapping[str, tuple[VaultId, ...] | Unread] | Unread
type _Named = tuple[str, bool]
type _Sought = LocatedVault | Absent | Unread


class Vaults:
    """Finds each vault only once, and reads each vault only once."""

    def __init__(self, reader: ArmReader) -> None:
        self._reader = reader
        self._search = VaultSearch(reader)
        self._read: SingleFlight[Vault | Absent | Unread] = SingleFlight()
        self._known: defaultdict[_Named, dict[VaultId, None]] = defaultdict(dict)

    def remember(self, known_ids: Iterable[str]) -> None:
        """Store the ids of vaults that were found earlier, so that no search for them is needed."""
        for vault_id in filter(None, map(VaultId.parse, known_ids)):
            self._known[vault_id.name, vault_id.is_managed_hsm][vault_id] = None

    async def find(self, uri: str | None, known_id: str | None, deadline: float) -> _Sought:
        """Return the vault with the address ``uri`` before ``deadline``, by the event loop's clock.

        ``known_id`` is the id under which the account's vault was found earlier. For a vault that
        does not exist, the result is ``Absent`` only if the vault was found earlier or Azure still
        lists it, because otherwise the identity may only lack access to the vault.
        """
        vault_name_parts = vault_name(uri)
        if vault_name_parts is None:
            return Unread(sentences.UNUSABLE_VAULT)
        own = VaultId.parse(known_id)
        if own not in self._known[vault_name_parts]:  # the account may name another vault now
            own = None
        best = await self._find_known(vault_name_parts, own, deadline)
        is_hidden = isinstance(best, Unread) and best.gap.reason is GapReason.NOT_FOUND
        if best is None or isinstance(best, Absent) or is_hidden:
            best = await self._find_listed(vault_name_parts, own, best, deadline)
        if isinstance(best, LocatedVault) and _host(best.vault.uri) != _host(uri):
            return Unread(sentences.ANOTHER_VAULT)
        return best

    async def _find_known(
        self, vault_name_parts: _Named, own: VaultId | None, deadline: float
    ) -> _Sought | None:
        """Return the vault under the id known for this account, or for other accounts.

        If no vault exists under an id known for another account, this proves nothing and is
        ignored.
        """
        best = None if own is None else await self._vault(own, deadline)
        for vault_id in tuple(self._known[vault_name_parts]):
            if isinstance(best, LocatedVault):
                break
            vault = await self._vault(vault_id, deadline)
            if isinstance(vault, LocatedVault):
                best = vault
            elif isinstance(vault, Unread) and not isinstance(best, Unread):
                best = replace(vault, id=None if own is None else own.text)
        return best

    async def _find_listed(
        self, vault_name_parts: _Named, own: VaultId | None, best: _Sought | None, deadline: float
    ) -> _Sought:
        """Return a vault that exists, if any; Azure may still list an old id of the vault."""
        name, is_managed_hsm = vault_name_parts
        listed = await self._search.find(name, deadline)
        if isinstance(listed, Unread):
            return replace(listed, id=None if own is None else own.text)
        for vault_id in listed:
            if vault_id.is_managed_hsm is is_managed_hsm and vault_id != own:
                vault = await self._vault(vault_id, deadline)
                if isinstance(vault, LocatedVault):
                    return vault
                if best is None or isinstance(vault, Unread):
                    best = vault
        action = gaps.READ_HSMS if is_managed_hsm else gaps.READ_VAULTS
        return best or Unread(sentences.vault_not_seen(action))

    async def _vault(self, vault_id: VaultId, deadline: float) -> _Sought:
        read = await self._read.get(vault_id, lambda until: self._get(vault_id, until), deadline)
        # This also applies after a failed read, so that the next scan requests the vault under this
        # id again.
        read = replace(read, id=vault_id.text)
        return LocatedVault(vault_id, read) if isinstance(read, Vault) else read

    async def _get(self, vault_id: VaultId, until: Deadline) -> Vault | Absent | Unread:
        hsm = vault_id.is_managed_hsm
        try:
            document = await self._reader.document(vault_id.path, until)
        except gaps.TROUBLE as error:
            code, action = gaps.get_404_code(error), gaps.READ_HSMS if hsm else gaps.READ_VAULTS
            if code in _GONE:
                return Absent(vault_id.text)
            if code == _HIDDEN:
                return Unread(sentences.vault_hidden(action))
            return Unread(gaps.build_gap(error, action))
        return parse_vault(document, managed_hsm=hsm)


def _host(uri: str | None) -> str | None:
    """Return the host name in a vault's address, or None if the address is invalid."""
    if vault_name(uri) is None:
        return None
    host = urlsplit((uri or "").strip()).hostname
    return host.rstrip(".") if host else None


def build_query(names: Sequence[str]) -> str:
    """Return the query for vaults with ``names``, which consist of letters, digits and "-"."""
    quoted = ",".join(f"'{name}'" for name in names)
    return (
        "Resources | where type in~ ('microsoft.keyvault/vaults','microsoft.keyvault/managedhsms') "
        f"| where name in~ ({quoted}) | project id, name, type{BY_ID}"
    )


@dataclass(eq=False, slots=True)
class _NameBatch:
    """The vault names in one query, compared by identity because names are added later."""

    names: list[str] = field(default_factory=list)


class VaultSearch:
    """Finds vaults by name in all subscriptions, with one query for many vault names.

    An account names only its vault's address, without subscription and resource group. Each vault
    name is searched once, and names requested during a query become part of the next query. A query
    runs as long as a caller waits for one of its names.
    """

    def __init__(self, reader: ArmReader) -> None:
        self._reader = reader
        self._turn = asyncio.Lock()
        self._next = _NameBatch()
        self._batches: dict[str, _NameBatch] = {}
        self._answers: SingleFlight[_Answer] = SingleFlight()

    async def find(self, name: str, deadline: float) -> tuple[VaultId, ...] | Unread:
        """Return the ids of all vaults and managed HSMs with this lower-cased ``name``.

        ``deadline`` is on the event loop's clock.
        """
        batch = self._batches.get(name)
        if batch is None:
            if len(self._next.names) == VAULTS_PER_QUERY:
                self._next = _NameBatch()
            batch = self._batches[name] = self._next
            batch.names.append(name)
        rows = await self._answers.get(batch, partial(self._ask, batch), deadline)
        return rows if isinstance(rows, Unread) else rows.get(name, ())

    async def _ask(self, batch: _NameBatch, until: Deadline) -> _Answer:
        ids: dict[str, tuple[VaultId, ...]] = {}
        odd: set[str] = set()
        try:
            async with self._turn:
                if self._next is batch:
                    self._next = _NameBatch()
                query = build_query(batch.names)
                rows = await read_rows(self._reader, query, until, pages=MAX_VAULT_PAGES)
            for row in map(as_object, rows):
                vault, name = VaultId.parse(row.get("id")), row.get("name")
                if vault is not None:
                    ids[vault.name] = (*ids.get(vault.name, ()), vault)
                elif isinstance(name, str) and name.lower() in batch.names:
                    odd.add(name.lower())
                else:  # the row may belong to any of the names
                    raise InventoryError(gaps.MALFORMED)
        except gaps.TROUBLE as error:
            return Unread(gaps.build_gap(error, gaps.QUERY_GRAPH))
        return ids | dict.fromkeys(odd, Unread(gaps.MALFORMED))
