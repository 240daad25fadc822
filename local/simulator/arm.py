"""Answers of Azure Resource Manager, with its checks.

Order of the checks: route, api-version given, token, api-version supported, subscription,
permission, registration. This module answers for tenants and subscriptions; the ``*_routes``
modules answer for the rest.
"""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from local.simulator import errors, subscriptions
from local.simulator.account_routes import AccountRoutes
from local.simulator.estate import Estate
from local.simulator.grant_routes import GrantRoutes
from local.simulator.graph_routes import GraphRoutes
from local.simulator.management_group_routes import ManagementGroupRoutes
from local.simulator.messages import JSON_TYPE, Incoming, Reply
from local.simulator.operation_routes import OperationRoutes
from local.simulator.paging import SKIP_TOKEN, Cursor, InvalidSkipTokenError
from local.simulator.policy_routes import PolicyRoutes
from local.simulator.subscription_access import SUBSCRIPTION, Gate, Route
from local.simulator.tokens import Claims, Tokens
from local.simulator.vault_routes import VaultRoutes

_PARAMETERS: Final = frozenset({"api-version", SKIP_TOKEN})
_AUDIENCES: Final = ("https://management.core.windows.net", "https://management.azure.com")
_READ_SUBSCRIPTIONS: Final = "Microsoft.Resources/subscriptions/read"
_LOOPBACK: Final = ("127.0.0.1", "localhost")


def arm_headers(incoming: Incoming) -> dict[str, str]:
    """Return the headers of every answer; the caller's correlation id is kept."""
    request_id = str(uuid.uuid4())
    correlation = incoming.headers.get("x-ms-correlation-request-id", request_id)
    tenant_level = incoming.path.strip("/").count("/") == 0
    remaining = (
        {"x-ms-ratelimit-remaining-tenant-reads": "249"}
        if tenant_level
        else {
            "x-ms-ratelimit-remaining-subscription-reads": "249",
            "x-ms-ratelimit-remaining-subscription-global-reads": "3749",
        }
    )
    echoed = incoming.headers.get("x-ms-client-request-id")
    wanted = incoming.headers.get("x-ms-return-client-request-id", "").lower() == "true"
    return {
        "Content-Type": JSON_TYPE,
        "Cache-Control": "no-cache",
        "Pragma": "no-cache",
        "Expires": "-1",
        "Vary": "Accept-Encoding",
        **remaining,
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": correlation,
        "x-ms-routing-request-id": f"WESTEUROPE:{datetime.now(UTC):%Y%m%dT%H%M%SZ}:{request_id}",
        **({"x-ms-client-request-id": echoed} if echoed and wanted else {}),
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Cache": "CONFIG_NOCACHE",
    }


class Arm:
    """Answers for one estate; page sizes can be changed while it runs."""

    def __init__(
        self, estate: Estate, tokens: Tokens, subscriptions_per_page: int, accounts_per_page: int
    ) -> None:
        gate = Gate(estate)
        self.subscriptions_per_page = subscriptions_per_page
        self.accounts = AccountRoutes(estate, gate, accounts_per_page)
        self.vaults = VaultRoutes(estate, gate)
        self.grants = GrantRoutes(estate, gate)
        self.graph = GraphRoutes(estate, gate)
        self.policies = PolicyRoutes(estate, gate)
        self.management_groups = ManagementGroupRoutes(estate, gate)
        self.operations = OperationRoutes(gate)
        self._estate = estate
        self._tokens = tokens
        self._gate = gate
        routes = (
            Route("GET", "/tenants", self._list_tenants),
            Route("GET", "/subscriptions", self._list_subscriptions),
            Route("GET", SUBSCRIPTION, self._get_subscription),
            *self.accounts.routes,
            *self.vaults.routes,
            *self.graph.routes,
            *self.grants.routes,
            *self.policies.routes,
            *self.management_groups.routes,
            *self.operations.routes,
        )
        self._routes = [(re.compile(f"{route.path}/?", re.IGNORECASE), route) for route in routes]

    def answer(self, incoming: Incoming) -> Reply:
        """Answer a request; 501 for a request that is not simulated, never an empty success."""
        for path, route in self._routes:
            match = path.fullmatch(incoming.path) if route.method == incoming.method else None
            if match is not None:
                return self._answer(incoming, route, match.groupdict())
        return errors.not_simulated(incoming)

    def _answer(self, incoming: Incoming, route: Route, names: Mapping[str, str]) -> Reply:
        if not incoming.query.get("api-version"):
            return errors.missing_api_version()
        claims = self._authenticate(incoming)
        if isinstance(claims, Reply):
            return claims
        unknown = sorted(set(incoming.query) - _PARAMETERS - set(route.parameters))
        if unknown:
            return errors.not_simulated(incoming, f"parameter {', '.join(unknown)}")
        try:
            return route.answer(incoming, names, claims)
        except InvalidSkipTokenError:
            return errors.invalid_skip_token()

    def _authenticate(self, incoming: Incoming) -> Claims | Reply:
        tenant_id = self._estate.tenant_id
        if incoming.bearer is None:
            return errors.missing_authorization(tenant_id)
        claims = self._tokens.check(incoming.bearer)
        if claims is None:
            return errors.invalid_token(tenant_id)
        port = incoming.host.rpartition(":")[2]
        allowed = (*(f"https://{host}:{port}" for host in _LOOPBACK), *_AUDIENCES)
        if claims.audience.removesuffix("/") not in allowed:
            return errors.wrong_audience(claims.audience, allowed, tenant_id)
        if claims.expired:
            return errors.expired_token(claims.expires, tenant_id)
        return claims

    def _list_tenants(self, incoming: Incoming, _: Mapping[str, str], __: Claims) -> Reply:
        version = incoming.query["api-version"]
        if version != subscriptions.TENANT_VERSION:
            return errors.not_simulated(incoming, f"api-version {version}")
        return Reply.of(200, {"value": [subscriptions.tenant(self._estate.tenant_id)]})

    def _list_subscriptions(self, incoming: Incoming, _: Mapping[str, str], __: Claims) -> Reply:
        version = incoming.query["api-version"]
        if version not in subscriptions.VERSIONS:
            return errors.invalid_api_version(version, subscriptions.VERSIONS)
        cursor = Cursor.of(incoming)
        # Without the action Azure leaves a subscription out, and refuses nothing.
        listed = [
            each
            for each in self._estate.subscriptions
            if each.listed
            and not self._estate.denials.refuses(_READ_SUBSCRIPTIONS, f"/subscriptions/{each.id}")
        ]
        end = cursor.offset + self.subscriptions_per_page
        body = subscriptions.page(listed[cursor.offset : end], version)
        if end < len(listed):
            body["nextLink"] = Cursor(cursor.page + 1, end).next_link(incoming)
        return Reply.of(200, body)

    def _get_subscription(self, incoming: Incoming, names: Mapping[str, str], _: Claims) -> Reply:
        version = incoming.query["api-version"]
        if version not in subscriptions.VERSIONS:
            return errors.invalid_api_version(version, subscriptions.VERSIONS)
        found = self._gate.find(names["subscription"])
        if isinstance(found, Reply):
            return found
        return Reply.of(200, subscriptions.document(found, version))
