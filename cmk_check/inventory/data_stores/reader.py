"""Reads projects, capability hosts and connections of accounts, and the stores that these name.

It reads only from Azure Resource Manager, and never lists keys or secrets. A store is requested by
its id only once, even if several accounts and projects share it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.data_stores.facts import DataFacts, Place, ProjectPlaces, StoreKey
from cmk_check.core.data_stores.judge_data import stores_of
from cmk_check.core.data_stores.parsing import (
    OF_AGENTS,
    Connections,
    NamedConnections,
    named_connections,
    parse_connections,
    parse_store,
    project_name,
    resolved,
    settings_places,
    unready_hosts,
)
from cmk_check.core.enums import GapReason, StoreType
from cmk_check.core.reasons.gap_sentences import (
    PROJECTS_NOT_LISTED,
    SETTINGS_NOT_SERVED,
    store_hidden,
)
from cmk_check.core.resource_id import account_path
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory.api_versions import PROJECTS, WITH_SETTINGS
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.clients import ArmReader, Clients
from cmk_check.inventory.gaps import (
    MALFORMED,
    READ_CONNECTIONS,
    READ_HOSTS,
    READ_PROJECT_CONNECTIONS,
    READ_PROJECT_HOSTS,
    READ_PROJECTS,
    READ_STORES,
    TROUBLE,
    code_of_404,
    gap_of,
)
from cmk_check.inventory.single_flight import SingleFlight
from cmk_check.limits import MAX_PROJECTS_PER_ACCOUNT

_GONE: Final = frozenset({"notfound", "resourcegroupnotfound", "resourcenotfound"})
_MALFORMED: Final = Unread(MALFORMED)
_NOT_LISTED: Final = Unread(PROJECTS_NOT_LISTED)
# Without this option, a list omits the connections that are datastores.
_ALL: Final = "includeAll=true"

type _List = tuple[list[object], Unread | None]


@dataclass(frozen=True, slots=True)
class _Project:
    """A project as read; ``unread`` is the reason why a part of it is missing.

    A project inherits nothing from the account's hosts. Source: Microsoft's page "Capability hosts"
    of 23 June 2026.
    """

    name: str | None
    settings: tuple[Place, ...] = ()
    unready: tuple[str, ...] = ()
    named: NamedConnections = ()
    connections: Connections = field(default_factory=dict)
    unread: Unread | None = None


class AzureDataStores:
    """Implements ``ports.DataInventory``: a failure affects only what was being read."""

    def __init__(self, clients: Clients) -> None:
        self._reader = ArmReader(clients)
        self._versions = clients.versions
        self._stores: SingleFlight[StoreKey | Absent | Unread] = SingleFlight()

    async def read(
        self,
        accounts: Sequence[Account],
        known: Mapping[str, ProjectPlaces],
        due: Collection[str],
        now: datetime,
        *,
        seconds: float,
    ) -> Mapping[str, DataFacts]:
        """Read the facts of each account, by the account's lower-cased id."""
        deadline = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as group:
            facts = {
                each.id.text: group.create_task(self._facts(each, known, due, now, deadline))
                for each in accounts
            }
        return {account_id: task.result() for account_id, task in facts.items()}

    async def _facts(
        self,
        account: Account,
        known: Mapping[str, ProjectPlaces],
        due: Collection[str],
        now: datetime,
        deadline: float,
    ) -> DataFacts:
        projects: ProjectPlaces | None = None
        if account.places.has_projects:
            projects = known.get(account.id.text, ProjectPlaces())
            if account.id.text in due:
                projects = await self._places(account, projects, now, Deadline(deadline))
        named, _ = stores_of(account.places, projects)
        wanted = {store_id: kind for kind, store_id, _, _ in named if store_id}
        found = await self._stores.each(
            wanted, lambda store_id, until: self._store(wanted[store_id], store_id, until), deadline
        )
        return DataFacts(projects, found)

    async def _places(
        self, account: Account, known: ProjectPlaces, now: datetime, until: Deadline
    ) -> ProjectPlaces:
        """Read the places that projects name; after a failure, keep the places known before."""
        path = account_path(account.id)
        listed, hosts = await asyncio.gather(
            self._entries(f"{path}/projects", READ_PROJECTS, until),
            self._entries(f"{path}/capabilityhosts", READ_HOSTS, until),
        )
        projects = await asyncio.gather(
            *(self._project(path, entry, until) for entry in listed[0][:MAX_PROJECTS_PER_ACCOUNT])
        )
        named = named_connections(hosts[0])
        shared: _List = ([], None)
        if named or any(
            name.casefold() not in each.connections for each in projects for _, name in each.named
        ):
            shared = await self._entries(f"{path}/connections", READ_CONNECTIONS, until, _ALL)
        connections = parse_connections(shared[0])
        own = resolved(named, None, connections)
        read = [
            (*each.settings, *resolved(each.named, each.name, each.connections, connections))
            for each in projects
        ]
        names = [each.name.lower() for each in projects if each.name is not None]
        is_cut = len(listed[0]) > MAX_PROJECTS_PER_ACCOUNT
        lacking = None if is_cut or {*account.places.projects} <= {*names} else _NOT_LISTED
        unread = [listed[1], hosts[1], shared[1], lacking, *(each.unread for each in projects)]
        basic = {
            each.name
            for each, places in zip(projects, read, strict=True)
            if each.name is not None
            and each.unread is None
            and not {place.use for place in places}.issuperset(OF_AGENTS)
        }
        unready = (*unready_hosts(hosts[0]), *(host for each in projects for host in each.unready))
        found = ProjectPlaces(
            tuple(dict.fromkeys((*own, *chain.from_iterable(read)))),
            tuple(sorted(basic)),
            known.as_of if unready else now,
            next(filter(None, unread), None),
            is_cut,
            tuple(sorted(unready)),
        )
        if found.unread is None:
            return found
        is_whole = listed[1] is None and lacking is None and len(names) == len(listed[0])
        return _with_known(found, known, frozenset(names) if is_whole else None)

    async def _project(self, path: str, entry: object, until: Deadline) -> _Project:
        name = project_name(entry)
        if name is None:
            return _Project(None, unread=_MALFORMED)
        path = f"{path}/projects/{name}"
        # Microsoft documents effective settings for the project itself, but not for a list.
        hosts, (document, unread) = await asyncio.gather(
            self._entries(f"{path}/capabilityhosts", READ_PROJECT_HOSTS, until),
            self._document(path, until),
        )
        named = named_connections(hosts[0])
        found: _List = ([], None)
        if named:
            found = await self._entries(
                f"{path}/connections", READ_PROJECT_CONNECTIONS, until, _ALL
            )
        connections = parse_connections(found[0])
        return _Project(
            name,
            settings_places(document, name),
            tuple(f"{name}/{host}" for host in unready_hosts(hosts[0])),
            named,
            connections,
            unread or hosts[1] or found[1],
        )

    async def _document(self, path: str, until: Deadline) -> tuple[object, Unread | None]:
        try:
            async with asyncio.timeout_at(until.latest):
                document = await self._reader.document(path, until)
        except TROUBLE as error:
            return None, Unread(gap_of(error, READ_PROJECTS))
        if not isinstance(document.get("properties"), dict):
            return None, _MALFORMED
        has_settings = self._versions.in_use.get(PROJECTS) in WITH_SETTINGS
        return document, None if has_settings else Unread(SETTINGS_NOT_SERVED)

    async def _entries(self, path: str, action: str, until: Deadline, query: str = "") -> _List:
        try:
            async with asyncio.timeout_at(until.latest):
                return await self._reader.entries(path, until, query), None
        except TROUBLE as error:
            return [], Unread(gap_of(error, action))

    async def _store(
        self, kind: StoreType, store_id: str, until: Deadline
    ) -> StoreKey | Absent | Unread:
        try:
            return parse_store(kind, await self._reader.document(store_id, until))
        except TROUBLE as error:
            if code_of_404(error) in _GONE:
                return Absent(store_id)
            gap = gap_of(error, READ_STORES[kind])
            is_hidden = gap.reason is GapReason.NOT_FOUND
            return Unread(store_hidden(READ_STORES[kind]) if is_hidden else gap, store_id)


def _with_known(
    found: ProjectPlaces, known: ProjectPlaces, listed: frozenset[str] | None
) -> ProjectPlaces:
    """Add the places known before: a store that cannot be seen now may still hold data.

    ``listed`` are the lower-cased names of all existing projects; None if they are unknown.
    """

    def may_exist(project: str | None) -> bool:
        return project is None or listed is None or project.lower() in listed

    places = (*found.places, *(each for each in known.places if may_exist(each.project)))
    basic: dict[str, str] = {}
    for name in (*found.basic, *filter(may_exist, known.basic)):
        basic.setdefault(name.lower(), name)
    return replace(
        found,
        places=tuple(dict.fromkeys(places)),
        basic=tuple(sorted([*basic.values()][:MAX_PROJECTS_PER_ACCOUNT])),
        as_of=known.as_of,
        is_cut=found.is_cut or known.is_cut or len(basic) > MAX_PROJECTS_PER_ACCOUNT,
    )
