"""Resources in which accounts keep data: Storage, Cosmos DB, AI Search and Machine Learning.

Their JSON is what tells whose key encrypts them, as Azure Resource Manager sends it. Shapes:
https://github.com/Azure/azure-rest-api-specs; the words of Cosmos DB are among those that its
specification of 2023-09-15 lists for ``customerManagedKeyStatus``.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from local.simulator.accounts import ABSENT, Owner, remove
from local.simulator.resource import Resource

STORAGE: Final = "Microsoft.Storage/storageAccounts"
COSMOS: Final = "Microsoft.DocumentDB/databaseAccounts"
SEARCH: Final = "Microsoft.Search/searchServices"
WORKSPACE: Final = "Microsoft.MachineLearningServices/workspaces"
KEY_CONFIRMED: Final = "Access to the configured customer managed key confirmed."
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_SINCE: Final = "2026-02-03T09:12:44.1234567Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSpec:
    """A store in an estate file.

    ``type``        such as "Microsoft.Storage/storageAccounts"
    ``key``         the address of the key that encrypts it; without one, it is Microsoft's
    ``properties``  added to ``properties``; replaces generated values
    ``without``     dotted paths to leave out, such as "properties.encryption"
    ``kind``        replaces the usual kind
    ``raw``         the whole answer, sent as it is; nothing is filled in
    """

    type: str
    name: str
    group: str
    location: str = "westeurope"
    key: str | None = None
    properties: Mapping[str, object] = _NOTHING
    without: Sequence[str] = ()
    kind: str | None = None
    raw: object = ABSENT


def resource_id(spec: StoreSpec, owner: Owner) -> str:
    """Return the id of a store, in the case in which it was created."""
    group = f"/subscriptions/{owner.subscription_id}/resourceGroups/{spec.group}"
    return f"{group}/providers/{spec.type}/{spec.name}"


def document(spec: StoreSpec, owner: Owner) -> object:
    """Build the JSON of a store. Raises KeyError for a type that is not simulated."""
    kind, build = _BUILT[spec.type]
    if spec.raw is not ABSENT:
        return spec.raw
    built: dict[str, object] = {
        "id": resource_id(spec, owner),
        "name": spec.name,
        "type": spec.type,
        "location": spec.location,
        "tags": {},
        "identity": {"type": "SystemAssigned"} if spec.key else {"type": "None"},
        "kind": spec.kind or kind,
        "properties": {**build(spec), **spec.properties},
    }
    if not built["kind"]:
        del built["kind"]
    for path in spec.without:
        remove(built, path)
    return built


def _storage(spec: StoreSpec) -> dict[str, object]:
    service = {"enabled": True, "keyType": "Account", "lastEnabledTime": _SINCE}
    encryption: dict[str, object] = {"services": {"blob": service, "file": service}}
    if spec.key is None:
        encryption["keySource"] = "Microsoft.Storage"
    else:
        vault, _, name = spec.key.partition("/keys/")
        encryption |= {
            "keySource": "Microsoft.Keyvault",
            "keyvaultproperties": {
                "currentVersionedKeyIdentifier": f"{spec.key}/{'c' * 32}",
                "keyname": name,
                "keyvaulturi": vault,
                "lastKeyRotationTimestamp": _SINCE,
            },
        }
    return {
        "provisioningState": "Succeeded",
        "creationTime": _SINCE,
        "encryption": encryption,
        "primaryEndpoints": {"blob": f"https://{spec.name}.blob.core.windows.net/"},
        "supportsHttpsTrafficOnly": True,
    }


def _cosmos(spec: StoreSpec) -> dict[str, object]:
    own = {"keyVaultKeyUri": spec.key, "customerManagedKeyStatus": KEY_CONFIRMED}
    return {
        "provisioningState": "Succeeded",
        "databaseAccountOfferType": "Standard",
        "defaultIdentity": "FirstPartyIdentity",
        "documentEndpoint": f"https://{spec.name}.documents.azure.com:443/",
        **({"customerManagedKeyStatus": None} if spec.key is None else own),
    }


def _search(spec: StoreSpec) -> dict[str, object]:
    enforcement = "Unspecified" if spec.key is None else "Enabled"
    return {
        "provisioningState": "succeeded",
        "status": "running",
        "hostingMode": "default",
        "partitionCount": 1,
        "replicaCount": 1,
        "encryptionWithCmk": {
            "enforcement": enforcement,
            "encryptionComplianceStatus": "Compliant",
        },
    }


def _workspace(spec: StoreSpec) -> dict[str, object]:
    vault = (spec.key or "").removeprefix("https://").partition(".")[0]
    key = {
        "keyIdentifier": spec.key,
        "keyVaultArmId": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"
        f"/providers/Microsoft.KeyVault/vaults/{vault}",
    }
    own = {"encryption": {"status": "Enabled", "keyVaultProperties": key}}
    return {
        "provisioningState": "Succeeded",
        "friendlyName": spec.name,
        "hbiWorkspace": False,
        **(own if spec.key else {}),
    }


type _Build = Callable[[StoreSpec], dict[str, object]]
_BUILT: Final[Mapping[str, tuple[str, _Build]]] = {
    STORAGE: ("StorageV2", _storage),
    COSMOS: ("GlobalDocumentDB", _cosmos),
    SEARCH: ("", _search),
    WORKSPACE: ("Default", _workspace),
}
TYPES: Final = tuple(_BUILT)


class Store(Resource):
    """A store; its properties can be set at any time."""

    def __init__(self, spec: StoreSpec, owner: Owner, lock: threading.RLock) -> None:
        super().__init__(document(spec, owner), lock)
        self.name = spec.name
        self.id = resource_id(spec, owner)


class Stores:
    """The stores of one subscription."""

    def __init__(
        self, owner: Owner, lock: threading.RLock, add_group: Callable[[str], object]
    ) -> None:
        self._owner = owner
        self._lock = lock
        self._add_group = add_group
        self._stores: dict[str, Store] = {}

    def add(self, spec: StoreSpec) -> Store:
        """Add a store, in place of one of the same id."""
        store = Store(spec, self._owner, self._lock)
        with self._lock:
            self._add_group(spec.group)
            self._stores[store.id.lower()] = store
        return store

    def find(self, store_id: str) -> Store | None:
        """Find a store by its id, in any case."""
        with self._lock:
            return self._stores.get(store_id.lower())

    def __getitem__(self, name: str) -> Store:
        """Find a store by its name. Raises KeyError if there is none."""
        with self._lock:
            for store in self._stores.values():
                if store.name == name:
                    return store
        raise KeyError(name)

    def remove(self, name: str) -> None:
        """Delete a store. Raises KeyError if there is none of this name."""
        with self._lock:
            del self._stores[self[name].id.lower()]
