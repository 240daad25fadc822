"""Answers of Azure Resource Manager about what is inside an account.

Its projects, and the capability hosts and connections of both. The
api-versions are those in https://github.com/Azure/bicep-types-az (generated/cognitiveservices).
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from local.simulator import errors
from local.simulator.account_routes import ACCOUNT, PROVIDER, VERSIONS, AccountRoutes
from local.simulator.estate import Account
from local.simulator.messages import Incoming, Reply
from local.simulator.subscription_access import Gate, Route, paged
from local.simulator.tokens import Claims

_PROJECTS: Final = "accounts/projects"
_PROJECTS_SINCE: Final = "2025-04-01-preview"
_INCLUDE_ALL: Final = "includeall"
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "capabilityHosts": (),
    "connections": (_INCLUDE_ALL,),
}


class ChildRoutes:
    """Answers about the children of accounts, in pages of the size that accounts have."""

    def __init__(self, accounts: AccountRoutes, gate: Gate) -> None:
        self._accounts = accounts
        self._gate = gate
        project = f"{ACCOUNT}/projects/(?P<project>[^/]+)"
        self.routes = (
            Route("GET", f"{ACCOUNT}/projects", self._list_projects),
            Route("GET", project, self._get_project),
            *(
                Route("GET", f"{parent}/{name}", partial(self._list_places, name), options)
                for parent in (ACCOUNT, project)
                for name, options in _PLACES.items()
            ),
        )

    def _list_projects(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        account = self._readable(_PROJECTS, incoming, names, claims)
        if isinstance(account, Reply):
            return account
        return self._paged(
            incoming, [each.document() for each in account.projects.all if each.is_listed]
        )

    def _get_project(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        account = self._readable(_PROJECTS, incoming, names, claims)
        if isinstance(account, Reply):
            return account
        project = account.projects.find(names["project"])
        if project is None:
            name = f"{names['name']}/{names['project']}"
            return errors.resource_not_found(f"{PROVIDER}/{_PROJECTS}", names["group"], name)
        return Reply.of(200, project.document(incoming.query["api-version"]))

    def _list_places(
        self, name: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        parent = _PROJECTS if "project" in names else "accounts"
        account = self._readable(f"{parent}/{name}", incoming, names, claims)
        if isinstance(account, Reply):
            return account
        wanted = names.get("project")
        places = account.projects if wanted is None else account.projects.find(wanted)
        if places is None:
            return errors.parent_not_found(
                f"{PROVIDER}/{parent}/{name}", f"{account.id}/projects/{wanted}"
            )
        rows = places.hosts.documents()
        if name == "connections":
            rows = places.listed_connections(incoming.query.get(_INCLUDE_ALL, ""))
        return self._paged(incoming, rows)

    def _paged(self, incoming: Incoming, rows: list[object]) -> Reply:
        return paged(incoming, rows, self._accounts.per_page)

    def _readable(
        self, kind: str, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Account | Reply:
        """Find an account whose children of this type the caller may read."""
        version = incoming.query["api-version"]
        supported = tuple(known for known in VERSIONS if known >= _PROJECTS_SINCE)
        if version not in supported:
            return errors.invalid_resource_type(PROVIDER, kind, version, supported)
        account = self._accounts.account(incoming, names, claims)
        if isinstance(account, Reply):
            return account
        scope = account.id + (f"/projects/{names['project']}" if "project" in names else "")
        return self._gate.refused(claims, f"{PROVIDER}/{kind}/read", scope) or account
