"""Answers of Azure Resource Manager about stores, each asked for by its id.

The api-versions are those in https://github.com/Azure/bicep-types-az, from the first on that has
what tells whose key encrypts a store, without previews.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from local.simulator import errors
from local.simulator.messages import Incoming, Reply
from local.simulator.stores import COSMOS, SEARCH, STORAGE, TYPES, WORKSPACE
from local.simulator.subscription_access import GROUP, Gate, Route
from local.simulator.tokens import Claims

VERSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    STORAGE: (
        "2026-04-01",
        "2025-08-01",
        "2025-06-01",
        "2025-01-01",
        "2024-01-01",
        "2023-05-01",
        "2023-04-01",
        "2023-01-01",
        "2022-09-01",
        "2022-05-01",
        "2021-09-01",
    ),
    COSMOS: (
        "2026-03-15",
        "2025-10-15",
        "2025-04-15",
        "2024-11-15",
        "2024-08-15",
        "2024-05-15",
        "2023-11-15",
        "2023-09-15",
        "2023-04-15",
    ),
    SEARCH: ("2025-05-01", "2023-11-01", "2022-09-01", "2020-08-01"),
    WORKSPACE: (
        "2026-05-01",
        "2026-03-01",
        "2025-12-01",
        "2025-09-01",
        "2025-06-01",
        "2025-04-01",
        "2024-10-01",
        "2024-04-01",
        "2023-10-01",
        "2023-04-01",
        "2022-10-01",
    ),
}


class StoreRoutes:
    """Answers about the stores of one estate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.routes = tuple(
            Route(
                "GET",
                f"{GROUP}/providers/{type_.replace('.', '\\.')}/(?P<name>[^/]+)",
                partial(self._get, type_),
            )
            for type_ in TYPES
        )

    def _get(
        self, type_: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        version, (provider, kind) = incoming.query["api-version"], type_.split("/")
        if version not in VERSIONS[type_]:
            return errors.invalid_resource_type(provider, kind, version, VERSIONS[type_])
        group, name = names["group"], names["name"]
        store_id = f"/resourceGroups/{group}/providers/{type_}/{name}"
        scope = f"/subscriptions/{names['subscription']}{store_id}"
        found = self._gate.readable(claims, names, f"{type_}/read", scope)
        if isinstance(found, Reply):
            return found
        if not found.has_group(group):
            return errors.resource_group_not_found(group)
        store = found.stores.find(f"/subscriptions/{found.id}{store_id}")
        if store is None:
            return errors.resource_not_found(type_, group, name)
        return Reply.of(200, store.document())
