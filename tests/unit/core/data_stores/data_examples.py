"""Accounts, projects and stores as Azure returns them."""

from typing import Final

from cmk_check.core.data_stores.facts import Place
from cmk_check.core.enums import StoreType, StoreUsage

GROUP: Final = "/subscriptions/8d3c0000-0000-4000-8000-000000000001/resourcegroups/data"
STORAGE: Final = f"{GROUP}/providers/microsoft.storage/storageaccounts/files1"
COSMOS: Final = f"{GROUP}/providers/microsoft.documentdb/databaseaccounts/threads-1"
SEARCH: Final = f"{GROUP}/providers/microsoft.search/searchservices/vectors-1"
WORKSPACE: Final = f"{GROUP}/providers/microsoft.machinelearningservices/workspaces/hub_1"
TYPES: Final = {
    STORAGE: StoreType.STORAGE_ACCOUNT,
    COSMOS: StoreType.COSMOS_DB,
    SEARCH: StoreType.SEARCH_SERVICE,
    WORKSPACE: StoreType.ML_WORKSPACE,
}
_DOMAINS: Final = {
    STORAGE: "blob.core.windows.net",
    COSMOS: "documents.azure.com:443",
    SEARCH: "search.windows.net",
}


def place(store_id: str, use: StoreUsage, project: str | None = None) -> Place:
    """Return the place of a store."""
    return Place(TYPES[store_id], store_id, store_id.rpartition("/")[2], use, project)


def connection(name: str, store_id: str, target: str | None = None) -> dict[str, object]:
    """Return a connection as Azure lists it."""
    host = f"{store_id.rpartition('/')[2]}.{_DOMAINS.get(store_id, 'blob.core.windows.net')}"
    metadata = {"ResourceId": store_id.replace("resourcegroups", "resourceGroups")}
    target = f"https://{host}/" if target is None else target
    return {"name": f"chat/p1/{name}", "properties": {"target": target, "metadata": metadata}}
