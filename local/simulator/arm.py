"""What Azure Resource Manager answers: tenants, subscriptions, their accounts, and nothing else.

Order of the checks: route, api-version given, token, api-version supported, subscription,
permission, registration. The versions of accounts are those of
https://learn.microsoft.com/azure/templates/microsoft.cognitiveservices/allversions from 2021-04-30
on, and the preview that the az command sends.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from local.simulator import errors, subscriptions, writes
from local.simulator.estate import Access, Account, Estate, Subscription
from local.simulator.messages import JSON_TYPE, Incoming, Reply, encode
from local.simulator.paging import SKIP_TOKEN, Cursor, InvalidSkipTokenError
from local.simulator.tokens import Claims, Tokens

ACCOUNT_VERSIONS: Final = (
    "2026-09-01",
    "2026-07-01",
    "2026-05-15-preview",
    "2026-05-01",
    "2026-03-15-preview",
    "2026-03-01",
    "2026-01-15-preview",
    "2025-12-01",
    "2025-10-01-preview",
    "2025-09-01",
    "2025-07-01-preview",
    "2025-06-01",
    "2025-04-01-preview",
    "2024-10-01",
    "2024-06-01-preview",
    "2024-04-01-preview",
    "2023-10-01-preview",
    "2023-05-01",
    "2022-12-01",
    "2022-10-01",
    "2022-03-01",
    "2021-10-01",
    "2021-04-30",
)
_ACCOUNTS: Final = "/providers/microsoft\\.cognitiveservices/accounts"
_SUBSCRIPTION: Final = "/subscriptions/(?P<subscription>[^/]+)"
_GROUP: Final = f"{_SUBSCRIPTION}/resourcegroups/(?P<group>[^/]+)"
_GUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PARAMETERS: Final = frozenset({"api-version", SKIP_TOKEN})
_AUDIENCES: Final = ("https://management.core.windows.net", "https://management.azure.com")
_LOOPBACK: Final = ("127.0.0.1", "localhost")

type _Route = Callable[[Incoming, Mapping[str, str], Claims], Reply]


def arm_headers(incoming: Incoming) -> dict[str, str]:
    """Give the headers every answer carries; the caller's correlation id is kept."""
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
    """Answers for one estate; page sizes may be changed while it runs."""

    def __init__(
        self, estate: Estate, tokens: Tokens, subscriptions_per_page: int, accounts_per_page: int
    ) -> None:
        self.subscriptions_per_page = subscriptions_per_page
        self.accounts_per_page = accounts_per_page
        self._estate = estate
        self._tokens = tokens
        account = f"{_GROUP}{_ACCOUNTS}/(?P<name>[^/]+)"
        routes: tuple[tuple[str, str, _Route], ...] = (
            ("GET", "/tenants", self._list_tenants),
            ("GET", "/subscriptions", self._list_subscriptions),
            ("GET", _SUBSCRIPTION, self._get_subscription),
            ("GET", f"{_SUBSCRIPTION}{_ACCOUNTS}", self._list_accounts),
            ("GET", f"{_GROUP}{_ACCOUNTS}", self._list_accounts_of_group),
            ("GET", account, self._get_account),
            ("PATCH", account, self._patch_account),
        )
        self._routes = [
            (method, re.compile(f"{path}/?", re.IGNORECASE), route)
            for method, path, route in routes
        ]

    def answer(self, incoming: Incoming) -> Reply:
        """Answer a request; what is not simulated is 501, never an empty success."""
        for method, path, route in self._routes:
            match = path.fullmatch(incoming.path) if method == incoming.method else None
            if match is not None:
                return self._answer(incoming, route, match.groupdict())
        return errors.not_simulated(incoming)

    def _answer(self, incoming: Incoming, route: _Route, names: Mapping[str, str]) -> Reply:
        if not incoming.query.get("api-version"):
            return errors.missing_api_version()
        claims = self._authenticate(incoming)
        if isinstance(claims, Reply):
            return claims
        unknown = sorted(set(incoming.query) - _PARAMETERS)
        if unknown:
            return errors.not_simulated(incoming, f"parameter {', '.join(unknown)}")
        try:
            return route(incoming, names, claims)
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
        listed = [each for each in self._estate.subscriptions if each.listed]
        end = cursor.offset + self.subscriptions_per_page
        body = subscriptions.page(listed[cursor.offset : end], version)
        if end < len(listed):
            body["nextLink"] = Cursor(cursor.page + 1, end).next_link(incoming)
        return Reply.of(200, body)

    def _get_subscription(self, incoming: Incoming, names: Mapping[str, str], _: Claims) -> Reply:
        version = incoming.query["api-version"]
        if version not in subscriptions.VERSIONS:
            return errors.invalid_api_version(version, subscriptions.VERSIONS)
        found = self._find(names["subscription"])
        if isinstance(found, Reply):
            return found
        return Reply.of(200, subscriptions.document(found, version))

    def _find(self, subscription_id: str) -> Subscription | Reply:
        if not _GUID.fullmatch(subscription_id):
            return errors.invalid_subscription_id(subscription_id)
        try:
            found = self._estate.subscription(subscription_id)
        except KeyError:
            return errors.subscription_not_found(subscription_id)
        gone = found.access is Access.NOT_FOUND or found.state == "Deleted"
        return errors.subscription_not_found(subscription_id) if gone else found

    def _readable(
        self, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Subscription | Reply:
        """Find a subscription whose accounts the caller may read, or say why not."""
        version = incoming.query["api-version"]
        if version not in ACCOUNT_VERSIONS:
            return errors.invalid_resource_type(version, ACCOUNT_VERSIONS)
        found = self._find(names["subscription"])
        if isinstance(found, Reply):
            return found
        if found.access is Access.FORBIDDEN:
            return _refusal(claims, errors.READ_ACCOUNTS, names)
        if found.access is Access.UNREGISTERED:
            return errors.missing_registration()
        return found

    def _list_accounts(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        found = self._readable(incoming, names, claims)
        if isinstance(found, Reply):
            return found
        cursor = Cursor.of(incoming)
        sizes = found.page_sizes
        size = sizes[cursor.page - 1] if cursor.page <= len(sizes) else self.accounts_per_page
        rows, following = found.page(cursor.offset, size)
        if following is None:
            return _page(rows)
        return _page(rows, Cursor(cursor.page + 1, following).next_link(incoming))

    def _list_accounts_of_group(
        self, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Reply:
        found = self._readable(incoming, names, claims)
        if isinstance(found, Reply):
            return found
        accounts = found.in_group(names["group"])
        if not accounts:
            return errors.resource_group_not_found(names["group"])
        cursor = Cursor.of(incoming)
        end = cursor.offset + self.accounts_per_page
        rows = b",".join(account.encoded() for account in accounts[cursor.offset : end])
        if end >= len(accounts):
            return _page(rows)
        return _page(rows, Cursor(cursor.page + 1, end).next_link(incoming))

    def _get_account(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        account = self._account(incoming, names, claims)
        return account if isinstance(account, Reply) else Reply(200, account.encoded())

    def _patch_account(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        account = self._account(incoming, names, claims)
        if isinstance(account, Reply):
            return account
        if self._estate.subscription(names["subscription"]).access is not Access.CONTRIBUTOR:
            return _refusal(claims, errors.WRITE_ACCOUNTS, names)
        return writes.patch(account, incoming)

    def _account(
        self, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Account | Reply:
        """Find an account that the caller may read, or say why not."""
        found = self._readable(incoming, names, claims)
        if isinstance(found, Reply):
            return found
        if not found.in_group(names["group"]):
            return errors.resource_group_not_found(names["group"])
        account = found.account(names["name"], names["group"])
        if account is None:
            return errors.account_not_found(names["group"], names["name"])
        return account


def _page(rows: bytes, next_link: str | None = None) -> Reply:
    following = b"" if next_link is None else b',"nextLink":' + encode(next_link)
    return Reply(200, b'{"value":[' + rows + b"]" + following + b"}")


def _refusal(claims: Claims, action: str, names: Mapping[str, str]) -> Reply:
    return errors.authorization_failed(claims.client_id, claims.object_id, action, _scope(names))


def _scope(names: Mapping[str, str]) -> str:
    """Name what was asked for as an id, the way a refusal does."""
    scope = f"/subscriptions/{names['subscription']}"
    if "group" in names:
        scope += f"/resourceGroups/{names['group']}"
    if "name" in names:
        scope += f"/providers/Microsoft.CognitiveServices/accounts/{names['name']}"
    return scope
