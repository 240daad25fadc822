"""Answers of Azure Resource Manager about accounts.

The api-versions are those of
https://learn.microsoft.com/azure/templates/microsoft.cognitiveservices/allversions from 2021-04-30
on, and the preview that the az command sends.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from local.simulator import account_writes, errors
from local.simulator.estate import Access, Account, Estate, Subscription
from local.simulator.messages import Incoming, Reply
from local.simulator.paging import Cursor
from local.simulator.subscription_access import GROUP, SUBSCRIPTION, Gate, Route, page
from local.simulator.tokens import Claims

PROVIDER: Final = "Microsoft.CognitiveServices"
READ: Final = f"{PROVIDER}/accounts/read"
WRITE: Final = f"{PROVIDER}/accounts/write"
DELETE: Final = f"{PROVIDER}/accounts/delete"
VERSIONS: Final = (
    "2026-09-15-preview",
    "2026-09-01",
    "2026-07-15-preview",
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
ACCOUNT: Final = f"{GROUP}{_ACCOUNTS}/(?P<name>[^/]+)"


class AccountRoutes:
    """Answers about the accounts of one estate; the page size can be changed while it runs."""

    def __init__(self, estate: Estate, gate: Gate, per_page: int) -> None:
        self.per_page = per_page
        self._estate = estate
        self._gate = gate
        self.routes = (
            Route("GET", f"{SUBSCRIPTION}{_ACCOUNTS}", self._list),
            Route("GET", f"{GROUP}{_ACCOUNTS}", self._list_of_group),
            Route("GET", ACCOUNT, self._get),
            Route("PATCH", ACCOUNT, self._patch),
            Route("DELETE", ACCOUNT, self._delete),
        )

    def _readable(
        self, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Subscription | Reply:
        """Find a subscription whose accounts the caller may read, or return the refusal."""
        version = incoming.query["api-version"]
        if version not in VERSIONS:
            return errors.invalid_resource_type(PROVIDER, "accounts", version, VERSIONS)
        found = self._gate.readable(claims, names, READ, _scope(names))
        if isinstance(found, Subscription) and found.access is Access.UNREGISTERED:
            return errors.missing_registration()
        return found

    def _list(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        found = self._readable(incoming, names, claims)
        if isinstance(found, Reply):
            return found
        cursor = Cursor.of(incoming)
        sizes = found.page_sizes
        size = sizes[cursor.page - 1] if cursor.page <= len(sizes) else self.per_page
        rows, following = found.page(cursor.offset, size)
        if following is None:
            return page(rows)
        return page(rows, Cursor(cursor.page + 1, following).next_link(incoming))

    def _list_of_group(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        found = self._readable(incoming, names, claims)
        if isinstance(found, Reply):
            return found
        if not found.has_group(names["group"]):
            return errors.resource_group_not_found(names["group"])
        accounts = found.in_group(names["group"])
        cursor = Cursor.of(incoming)
        end = cursor.offset + self.per_page
        rows = b",".join(account.encoded() for account in accounts[cursor.offset : end])
        if end >= len(accounts):
            return page(rows)
        return page(rows, Cursor(cursor.page + 1, end).next_link(incoming))

    def _get(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        account = self.account(incoming, names, claims)
        return account if isinstance(account, Reply) else Reply(200, account.encoded())

    def _patch(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        account = self.account(incoming, names, claims)
        if isinstance(account, Reply):
            return account
        allowed = self._gate.changeable(claims, names, WRITE, _scope(names))
        if isinstance(allowed, Reply):
            return allowed
        return account_writes.patch(self._estate, account, incoming)

    def _delete(self, incoming: Incoming, names: Mapping[str, str], claims: Claims) -> Reply:
        """Delete an account, as Azure does: there is nothing wrong with deleting none."""
        account = self.account(incoming, names, claims)
        allowed = self._gate.changeable(claims, names, DELETE, _scope(names))
        if isinstance(allowed, Reply):
            return allowed
        if isinstance(account, Reply):
            is_gone = account.status == HTTPStatus.NOT_FOUND and allowed.has_group(names["group"])
            return Reply(204, b"") if is_gone else account
        allowed.remove_account(account.name, account.group)
        return Reply(200, b"")

    def account(
        self, incoming: Incoming, names: Mapping[str, str], claims: Claims
    ) -> Account | Reply:
        """Find an account that the caller may read, or return the refusal."""
        found = self._readable(incoming, names, claims)
        if isinstance(found, Reply):
            return found
        if not found.has_group(names["group"]):
            return errors.resource_group_not_found(names["group"])
        account = found.account(names["name"], names["group"])
        if account is None:
            return errors.resource_not_found(f"{PROVIDER}/accounts", names["group"], names["name"])
        return account


def _scope(names: Mapping[str, str]) -> str:
    """Return the id of the requested resource, as a refusal writes it."""
    scope = f"/subscriptions/{names['subscription']}"
    if "group" in names:
        scope += f"/resourceGroups/{names['group']}"
    if "name" in names:
        scope += f"/providers/{PROVIDER}/accounts/{names['name']}"
    return scope
