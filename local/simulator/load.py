"""Estates from files, where a wrong word is an error, not a silently different estate.

An estate file is JSON: ``tenantId``, ``userAssigned`` (client ids the identity endpoint knows) and
``subscriptions``, each with ``id``, ``name`` and optionally ``tenantId``, ``managedByTenants``,
``state``, ``access``, ``listed``, ``pageSizes`` and ``accounts``, whose fields are those of
AccountSpec.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from local.simulator.accounts import AccountSpec
from local.simulator.estate import DEFAULT_TENANT, Access, Estate

DIRECTORY: Final = Path(__file__).parent / "estates"
_ESTATE: Final = {"tenantId", "userAssigned", "subscriptions"}
_SUBSCRIPTION: Final = {
    "id",
    "name",
    "tenantId",
    "managedByTenants",
    "state",
    "access",
    "listed",
    "pageSizes",
    "accounts",
}


def estate_names() -> list[str]:
    """Name the estates that can be loaded by name."""
    return sorted(path.stem for path in DIRECTORY.glob("*.json"))


def load_estate(name: str | Path) -> Estate:
    """Load an estate by its name, or from a file.

    Raises ValueError for a name that is not there and for words that an estate file does not know.
    """
    path = name if isinstance(name, Path) else DIRECTORY / f"{name}.json"
    if not path.is_file():
        raise ValueError(f"no estate {name}: there are {', '.join(estate_names())}")
    return estate_of(json.loads(path.read_text(encoding="utf-8")))


def estate_of(document: Mapping[str, Any]) -> Estate:
    """Build an estate from the JSON of a file. Raises ValueError for words it does not know."""
    _refuse_unknown(document, _ESTATE)
    estate = Estate(document.get("tenantId", DEFAULT_TENANT), document.get("userAssigned", ()))
    for entry in document["subscriptions"]:
        _add(estate, entry)
    return estate


def _add(estate: Estate, entry: Mapping[str, Any]) -> None:
    _refuse_unknown(entry, _SUBSCRIPTION)
    added = estate.add_subscription(entry["id"], entry["name"], tenant_id=entry.get("tenantId"))
    added.managed_by_tenants = entry.get("managedByTenants", ())
    added.state = entry.get("state", "Enabled")
    added.access = Access(entry.get("access", "reader"))
    added.listed = entry.get("listed", True)
    added.page_sizes = entry.get("pageSizes", ())
    for account in entry.get("accounts", ()):
        _refuse_unknown(account, set(AccountSpec.__dataclass_fields__))
        added.add_account(AccountSpec(**account))


def _refuse_unknown(entry: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        words = f"{', '.join(unknown)}; it knows {', '.join(sorted(known))}"
        raise ValueError(f"an estate file does not know {words}")
