"""Answers of Azure Resource Manager about vaults, managed HSMs and their keys.

The api-versions are those in https://github.com/Azure/bicep-types-az (generated/keyvault).
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from local.simulator import errors, vault_writes
from local.simulator.estate import Estate, Subscription
from local.simulator.messages import Incoming, Reply
from local.simulator.paging import Cursor
from local.simulator.subscription_access import GROUP, SUBSCRIPTION, Gate, Route, paged
from local.simulator.tokens import Claims
from local.simulator.vault_documents import PROVIDER, listed
from local.simulator.vaults import Key, Vault

VERSIONS: Final = (
    "2026-06-01-preview",
    "2026-05-15",
    "2026-03-01-preview",
    "2026-02-01",
    "2025-05-01",
    "2024-12-01-preview",
    "2024-11-01",
    "2024-04-01-preview",
    "2023-07-01",
    "2023-02-01",
    "2022-11-01",
    "2022-07-01",
    "2022-02-01-preview",
    "2021-11-01-preview",
    "2021-10-01",
    "2021-06-01-preview",
    "2021-04-01-preview",
    "2020-04-01-preview",
    "2019-09-01",
    "2018-02-14",
    "2018-02-14-preview",
    "2016-10-01",
    "2015-06-01",
)
_SINCE: Final = {
    "vaults": "2015-06-01",
    "vaults/keys": "2019-09-01",
    "managedHSMs": "2020-04-01-preview",
    "managedHSMs/keys": "2022-11-01",
}
_TYPES: Final = ("vaults", "managedHSMs")
_KEYS: Final = "/keys"
_KEY: Final = "/keys/(?P<key>[^/]+)"
_VERSION: Final = "/versions/(?P<version>[^/]+)"
_DELETED: Final = "microsoft\\.keyvault/deletedVaults"
_FILTER: Final = "$filter"
_RESOURCES: Final = "2015-11-01"
_READ_RESOURCES: Final = "Microsoft.Resources/subscriptions/resources/read"
_OF_TYPE: Final = re.compile(
    "resourceType eq 'Microsoft[.]KeyVault/(?P<kind>vaults|managedHSMs)'"
    "( and name eq '(?P<name>[^']+)')?",
    re.IGNORECASE,
)


class VaultRoutes:
    """Answers about the vaults of one estate; the page size can be changed while it runs."""

    def __init__(self, estate: Estate, gate: Gate, per_page: int = 100) -> None:
        self.per_page = per_page
        self._estate = estate
        self._gate = gate
        vault = f"{GROUP}/providers/microsoft\\.keyvault/vaults/(?P<name>[^/]+)"
        self.routes = (
            *(route for kind in _TYPES for route in self._routes_of(kind)),
            Route("GET", f"{SUBSCRIPTION}/resources", self._list_resources, (_FILTER,)),
            Route("GET", f"{SUBSCRIPTION}/providers/{_DELETED}", self._list_deleted),
            Route("PUT", vault, self._put),
            Route("PUT", f"{vault}/accessPolicies/add", self._add_policies),
            Route("PUT", f"{vault}{_KEY}", self._put_key),
        )

    def _routes_of(self, kind: str) -> tuple[Route, ...]:
        many = f"/providers/microsoft\\.keyvault/{kind}"
        one = f"{GROUP}{many}/(?P<name>[^/]+)"
        return (
            Route("GET", f"{SUBSCRIPTION}{many}", partial(self._list, kind)),
            Route("GET", f"{GROUP}{many}", partial(self._list, kind)),
            Route("GET", one, partial(self._get, kind)),
            Route("GET", f"{one}{_KEYS}", partial(self._list_keys, kind)),
            Route("GET", f"{one}{_KEY}", partial(self._get_key, kind)),
            Route("GET", f"{one}{_KEY}/versions", partial(self._list_versions, kind)),
            Route("GET", f"{one}{_KEY}{_VERSION}", partial(self._get_version, kind)),
        )

    def _list(
        self, kind: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        found = self._readable(kind, kind, incoming, names, claims)
        if isinstance(found, Reply):
            return found
        vaults = found.vaults.among(names.get("group"), hsm=kind == "managedHSMs")
        cursor, sizes = Cursor.of(incoming), found.vaults.page_sizes
        size = sizes[cursor.page - 1] if cursor.page <= len(sizes) else self.per_page
        return paged(incoming, [vault.document() for vault in vaults], size)

    def _get(
        self, kind: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        vault = self._vault(kind, kind, incoming, names, claims)
        return vault if isinstance(vault, Reply) else Reply.of(200, vault.document())

    def _list_keys(
        self, kind: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        vault = self._vault(kind, f"{kind}/keys", incoming, names, claims)
        if isinstance(vault, Reply):
            return vault
        rows = [listed(key.document()) for key in vault.keys]
        return paged(incoming, rows, self.per_page)

    def _get_key(
        self, kind: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        key = self._key(kind, f"{kind}/keys", incoming, names, claims)
        return key if isinstance(key, Reply) else Reply.of(200, key.document())

    def _list_versions(
        self, kind: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        key = self._key(kind, f"{kind}/keys/versions", incoming, names, claims)
        if isinstance(key, Reply):
            return key
        return paged(
            incoming, [listed(version.document()) for version in key.versions], self.per_page
        )

    def _get_version(
        self, kind: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        key = self._key(kind, f"{kind}/keys/versions", incoming, names, claims)
        if isinstance(key, Reply):
            return key
        version = key.version(names["version"])
        if version is None:
            return errors.key_not_found(f"{names['key']}/{names['version']}")
        return Reply.of(200, version.document())

    def _list_resources(
        self, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        """Answer as `az keyvault list` and `show` ask if they are given no resource group."""
        wanted = _OF_TYPE.fullmatch(incoming.query.get(_FILTER, ""))
        if wanted is None or incoming.query["api-version"] != _RESOURCES:
            return errors.not_simulated(incoming, "a list of other resources")
        hsm = wanted["kind"].lower() == "managedhsms"
        found = self._gate.readable(claims, names, _READ_RESOURCES, _scope("", names))
        if isinstance(found, Reply):
            return found
        rows: list[object] = [
            {"id": vault.id, "name": vault.name, "type": vault.type, "location": location}
            for vault in found.vaults.among(None, hsm=hsm)
            if wanted["name"] in (None, vault.name)
            for location in [vault.find("location")]
        ]
        return paged(incoming, rows, self.per_page)

    def _list_deleted(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        found = self._readable("vaults", "deletedVaults", incoming, names, claims)
        if isinstance(found, Reply):
            return found
        rows: list[object] = [
            {
                "id": f"/subscriptions/{found.id}/providers/{PROVIDER}/locations/{location}"
                f"/deletedVaults/{vault.name}",
                "name": vault.name,
                "type": f"{PROVIDER}/deletedVaults",
                "properties": {"vaultId": vault.id, "location": location, "tags": {}},
            }
            for vault in found.vaults.deleted
            if not vault.is_hsm
            for location in [vault.find("location")]
        ]
        return paged(incoming, rows, self.per_page)

    def _put(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        found = self._readable("vaults", "vaults", incoming, names, claims)
        if not isinstance(found, Reply):
            found = self._changeable("vaults", names, claims)
        if isinstance(found, Reply):
            return found
        return vault_writes.put_vault(self._estate, found, names, incoming)

    def _add_policies(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        vault = self._changeable_vault("vaults/accessPolicies", incoming, names, claims)
        return vault if isinstance(vault, Reply) else vault_writes.add_policies(vault, incoming)

    def _put_key(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        vault = self._changeable_vault("vaults/keys", incoming, names, claims)
        if isinstance(vault, Reply):
            return vault
        return vault_writes.put_key(vault, names["key"], incoming)

    def _changeable_vault(
        self, kind: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Vault | Reply:
        """Find a vault of which the caller may change this, or return the refusal."""
        vault = self._vault("vaults", "vaults", incoming, names, claims)
        allowed = self._changeable(kind, names, claims)
        return allowed if isinstance(allowed, Reply) else vault

    def _changeable(
        self, kind: str, names: Mapping[str, str], claims: Claims
    ) -> Subscription | Reply:
        """Find a subscription where the caller may change this type, or return the refusal."""
        return self._gate.changeable(
            claims, names, f"{PROVIDER}/{kind}/write", _scope("vaults", names)
        )

    def _readable(
        self, kind: str, read: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Subscription | Reply:
        """Find a subscription where the caller may read this type, or return the refusal."""
        version = incoming.query["api-version"]
        since = _SINCE[kind if read == kind else f"{kind}/keys"]
        supported = tuple(known for known in VERSIONS if known >= since)
        if version not in supported:
            return errors.invalid_resource_type(PROVIDER, read, version, supported)
        found = self._gate.readable(claims, names, f"{PROVIDER}/{read}/read", _scope(kind, names))
        if isinstance(found, Subscription) and "group" in names:
            group = names["group"]
            return found if found.has_group(group) else errors.resource_group_not_found(group)
        return found

    def _vault(
        self, kind: str, read: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Vault | Reply:
        found = self._readable(kind, read, incoming, names, claims)
        if isinstance(found, Reply):
            return found
        name, group = names["name"], names["group"]
        vault_id = _scope(kind, {"subscription": found.id, "group": group, "name": name})
        vault = found.vaults.find(name, group, hsm=kind == "managedHSMs")
        if vault is not None:
            return vault
        if read != kind:
            return errors.parent_not_found(f"{kind}/keys", vault_id)
        return errors.resource_not_found(f"{PROVIDER}/{kind}", group, name)

    def _key(
        self, kind: str, read: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Key | Reply:
        vault = self._vault(kind, read, incoming, names, claims)
        if isinstance(vault, Reply):
            return vault
        return vault.key(names["key"]) or errors.key_not_found(names["key"])


def _scope(kind: str, names: Mapping[str, str]) -> str:
    """Return the id of the requested resource, as a refusal writes it."""
    scope = f"/subscriptions/{names['subscription']}"
    if "group" in names:
        scope += f"/resourceGroups/{names['group']}"
    if "name" in names:
        scope += f"/providers/{PROVIDER}/{kind}/{names['name']}"
    if "key" in names:
        scope += f"/keys/{names['key']}"
    if "version" in names:
        scope += f"/versions/{names['version']}"
    return scope
