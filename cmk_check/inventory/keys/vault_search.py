"""Finds vaults by name in all subscriptions, with one query for many names.

An account has only the address of its vault, without subscription and group.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.unread import Unread
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.clients import Clients
from cmk_check.inventory.gaps import QUERY_GRAPH, TROUBLE, gap_of
from cmk_check.inventory.keys.ids import VaultId
from cmk_check.inventory.resource_graph import BY_ID, ResourceGraph
from cmk_check.inventory.single_flight import SingleFlight
from cmk_check.limits import MAX_VAULT_PAGES, VAULTS_PER_QUERY
from cmk_check.ports import InventoryError

_MALFORMED: Final = make_gap(GapReason.MALFORMED_PAGE)

type _Answer = Mapping[str, tuple[VaultId, ...] | Unread] | Unread


def query_of(names: Sequence[str]) -> str:
    """Return the query for vaults with these names of letters, digits and "-"."""
    quoted = ",".join(f"'{name}'" for name in names)
    return (
        "Resources | where type in~ ('microsoft.keyvault/vaults','microsoft.keyvault/managedhsms') "
        f"| where name in~ ({quoted}) | project id, name, type{BY_ID}"
    )


@dataclass(eq=False, slots=True)
class _NameBatch:
    """The names of one query; compared by identity, because names are still added."""

    names: list[str] = field(default_factory=list)


class VaultSearch:
    """Looks up each name once; names requested during a query go into the next one.

    A query runs as long as a caller waits for one of its names.
    """

    def __init__(self, clients: Clients) -> None:
        self._graph = ResourceGraph(clients)
        self._turn = asyncio.Lock()
        self._next = _NameBatch()
        self._batches: dict[str, _NameBatch] = {}
        self._answers: SingleFlight[_Answer] = SingleFlight()

    async def find(self, name: str, deadline: float) -> tuple[VaultId, ...] | Unread:
        """Return the ids of all vaults and managed HSMs with this lower-cased name.

        ``deadline`` is on the event loop's clock.
        """
        batch = self._batches.get(name) or self._add(name)
        answer = await self._answers.get(
            batch, lambda until: self._ask_in_turn(batch, until), deadline
        )
        return answer if isinstance(answer, Unread) else answer.get(name, ())

    def _add(self, name: str) -> _NameBatch:
        if len(self._next.names) == VAULTS_PER_QUERY:
            self._next = _NameBatch()
        self._next.names.append(name)
        self._batches[name] = self._next
        return self._next

    async def _ask_in_turn(self, batch: _NameBatch, until: Deadline) -> _Answer:
        async with self._turn:
            if self._next is batch:
                self._next = _NameBatch()
            return await self._ask(batch.names, until)

    async def _ask(self, names: Sequence[str], until: Deadline) -> _Answer:
        found: dict[str, tuple[VaultId, ...]] = {}
        odd: set[str] = set()
        try:
            for row in await self._graph.rows(query_of(names), until, pages=MAX_VAULT_PAGES):
                vault, name = VaultId.parse(_text(row, "id")), _text(row, "name").lower()
                if vault is not None:
                    found[vault.name] = (*found.get(vault.name, ()), vault)
                elif name in names:
                    odd.add(name)
                else:  # which may be any of them
                    raise InventoryError(_MALFORMED)
        except TROUBLE as error:
            return Unread(gap_of(error, QUERY_GRAPH))
        return found | dict.fromkeys(odd, Unread(_MALFORMED))


def _text(row: object, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    return value if isinstance(value, str) else ""
