"""The projects of a Microsoft Foundry account, and where they say that their data lies.

Capability hosts of an account and of its projects name connections; a connection leads to a store.
Shapes: https://github.com/Azure/azure-rest-api-specs (specification/cognitiveservices, 2025-09-01).
"""

import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from local.simulator.children import Children
from local.simulator.tokens import Identity

_ACCOUNTS: Final = "Microsoft.CognitiveServices/accounts"
_PROJECTS: Final = f"{_ACCOUNTS}/projects"
# Source: Microsoft's page "Configure capability settings".
_WITH_SETTINGS: Final = ("2026-07-15-preview", "2026-09-15-preview")
# Which of the connections is a datastore, nobody documents; this category stands for one.
_DATASTORE: Final = "AzureBlob"
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_READY: Final[Mapping[str, object]] = MappingProxyType({"provisioningState": "Succeeded"})
# Category and address of a connection, by the type of its store, as Microsoft's samples set them.
_CONNECTED: Final = {
    "microsoft.storage/storageaccounts": (
        "AzureStorageAccount",
        "https://{}.blob.core.windows.net/",
    ),
    "microsoft.documentdb/databaseaccounts": ("CosmosDB", "https://{}.documents.azure.com:443/"),
    "microsoft.search/searchservices": ("CognitiveSearch", "https://{}.search.windows.net"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSpec:
    """A project in an estate file.

    ``count``        makes that many of it, named "<name>-01", "<name>-02" ..
    ``hosts``        names of its capability hosts to their ``properties``; "standard" is one with
                     the connections "files", "threads" and "vectors", "basic" one without any
    ``connections``  names of its connections to their ``properties``, or to the id of a store
    ``properties``   added to ``properties``; replaces generated values. ``capabilitySettings`` are
                     the effective ones
    ``listed``       whether the list of projects has it
    """

    name: str
    count: int = 1
    listed: bool = True
    hosts: Mapping[str, object] = _NOTHING
    connections: Mapping[str, object] = _NOTHING
    properties: Mapping[str, object] = _NOTHING

    def each(self) -> list["ProjectSpec"]:
        """Return one spec for each project."""
        if self.count == 1:
            return [self]
        numbers = range(1, self.count + 1)
        return [replace(self, name=f"{self.name}-{number:02d}", count=1) for number in numbers]


def host(spec: object) -> object:
    """Build the properties of a capability host from a word; anything else is kept."""
    if spec not in ("standard", "basic"):
        return spec
    connected = {
        "storageConnections": ["files"],
        "threadStorageConnections": ["threads"],
        "vectorStoreConnections": ["vectors"],
    }
    return {"capabilityHostKind": "Agents", **(connected if spec == "standard" else {})}


def connection(spec: object) -> object:
    """Build the properties of a connection to the store of this id; anything else is kept."""
    if not isinstance(spec, str):
        return spec
    *_, provider, kind, name = spec.split("/")
    category, target = _CONNECTED[f"{provider}/{kind}".lower()]
    return {
        "authType": "AAD",
        "category": category,
        "group": "Azure",
        "isSharedToAll": True,
        "metadata": {"ApiType": "Azure", "ResourceId": spec, "location": "westeurope"},
        "sharedUserList": [],
        "target": target.format(name),
        "useWorkspaceManagedIdentity": False,
    }


class Places:
    """The capability hosts and connections of an account or of a project; tests change both."""

    def __init__(
        self,
        parent: tuple[str, str],
        hosts: Mapping[str, object],
        connections: Mapping[str, object],
        lock: threading.RLock,
    ) -> None:
        parent_id, type_ = parent
        self.hosts = Children(
            parent_id, f"{type_}/capabilityHosts", hosts, lock, state=_READY, build=host
        )
        self.connections = Children(
            parent_id, f"{type_}/connections", connections, lock, build=connection
        )

    def listed_connections(self, include_all: str) -> list[object]:
        """Return the connections that a list has; without ``includeAll=true`` no datastores."""
        return [
            each
            for each in self.connections.documents()
            if include_all == "true" or _DATASTORE not in str(each)
        ]


class Project(Places):
    """A project of an account."""

    def __init__(
        self, spec: ProjectSpec, account_id: str, lock: threading.RLock, *, default: bool
    ) -> None:
        self.name = spec.name
        self.is_listed = spec.listed
        self.id = f"{account_id}/projects/{spec.name}"
        super().__init__((self.id, _PROJECTS), spec.hosts, spec.connections, lock)
        self._spec = spec
        self._account = account_id.rpartition("/")[2]
        self._default = default

    def document(self, version: str = "") -> object:
        """Return the JSON that Azure would send: in a list, or for itself in an api-version.

        Microsoft promises the settings for the project itself alone, and two versions have them.

        Microsoft's examples name a project "p", other answers "account/p": here it depends on the
        id.
        """
        long = zlib.crc32(self.id.encode()) % 2
        host = f"https://{self._account.lower()}.services.ai.azure.com/api/projects/{self.name}"
        given = dict(self._spec.properties)
        if version not in _WITH_SETTINGS:
            given.pop("capabilitySettings", None)
        return {
            "id": self.id,
            "name": f"{self._account}/{self.name}" if long else self.name,
            "type": _PROJECTS,
            "location": "westeurope",
            "identity": {
                "type": "SystemAssigned",
                "principalId": Identity.named(self.id).object_id,
            },
            "properties": {
                "displayName": self.name,
                "endpoints": {"AI Foundry API": host},
                "isDefault": self._default,
                "provisioningState": "Succeeded",
                **given,
            },
        }


class Projects(Places):
    """The projects of one account by name, with the capability hosts and connections it shares."""

    def __init__(
        self,
        account_id: str,
        specs: Sequence[ProjectSpec],
        hosts: Mapping[str, object],
        connections: Mapping[str, object],
        lock: threading.RLock,
    ) -> None:
        super().__init__((account_id, _ACCOUNTS), hosts, connections, lock)
        self._account_id = account_id
        self._lock = lock
        self._projects: dict[str, Project] = {}
        for spec in specs:
            self.add(spec)

    @property
    def all(self) -> tuple[Project, ...]:
        """All of them, in the order they were added."""
        with self._lock:
            return tuple(self._projects.values())

    def add(self, spec: ProjectSpec) -> None:
        """Add the projects of a spec; the first of an account is its default project."""
        with self._lock:
            for each in spec.each():
                default = not self._projects
                self._projects[each.name.lower()] = Project(
                    each, self._account_id, self._lock, default=default
                )

    def find(self, name: str) -> Project | None:
        """Find a project by its name, in any case."""
        with self._lock:
            return self._projects.get(name.lower())

    def remove(self, name: str) -> None:
        """Delete a project. Raises KeyError if there is none of this name."""
        with self._lock:
            del self._projects[name.lower()]
