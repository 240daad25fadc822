"""The estate that the simulator serves; a test can change it in its own thread while it runs.

One lock per estate keeps each page consistent.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from local.simulator import accounts as arm_accounts
from local.simulator.accounts import AccountSpec, Owner
from local.simulator.change_log import ChangeLog
from local.simulator.denials import Denials
from local.simulator.grants import Grants
from local.simulator.messages import encode
from local.simulator.policies import Policies
from local.simulator.shared_state import Shared
from local.simulator.tokens import Identity
from local.simulator.vaults import Vaults

DEFAULT_TENANT: Final = "4f1d8f4e-9a35-4f0e-8a5b-6f2c7d0b9e13"
_SUBSCRIPTION_TYPE: Final = "Microsoft.Resources/subscriptions"


class Access(StrEnum):
    """What the identity may do in a subscription."""

    READER = "reader"
    FORBIDDEN = "forbidden"
    """It is listed, but nothing in it may be read: 403 AuthorizationFailed."""
    UNREGISTERED = "unregistered"
    """The resource provider is not registered: 409 MissingSubscriptionRegistration."""
    NOT_FOUND = "not_found"
    """It is listed, but a request for it gets 404 SubscriptionNotFound."""


class Account:
    """One account; the next request reads every change. ``indexed``: Resource Graph knows it."""

    def __init__(self, spec: AccountSpec, owner: Owner, shared: Shared) -> None:
        self.name = spec.name
        self.group = spec.group
        self.id = arm_accounts.resource_id(spec, owner)
        self.location = spec.location
        self.indexed = True
        self._spec = spec
        self._owner = owner
        self._shared = shared
        self._changed: object = arm_accounts.ABSENT

    def document(self) -> object:
        """Return a copy of the JSON that Azure would send."""
        with self._shared.lock:
            return copy.deepcopy(self.current())

    def current(self) -> object:
        """Return the JSON that Azure would send; nobody may change it."""
        with self._shared.lock:
            if self._changed is arm_accounts.ABSENT:
                return arm_accounts.document(self._spec, self._owner)
            return self._changed

    def find(self, path: str) -> object:
        """Return a copy of the value at a dotted path of its JSON, or None."""
        with self._shared.lock:
            return copy.deepcopy(arm_accounts.find(self.current(), path))

    def encoded(self) -> bytes:
        """Return the JSON that Azure would send, as bytes."""
        with self._shared.lock:
            if self._changed is arm_accounts.ABSENT:
                return arm_accounts.encoded(self._spec, self._owner)
            return encode(self._changed)

    @property
    def principal_id(self) -> str | None:
        """The object id of its system-assigned identity."""
        found = self.find("identity.principalId")
        return found if isinstance(found, str) else None

    @property
    def sku(self) -> object:
        """The name of its SKU."""
        return self.find("sku.name")

    def principal_of(self, client_id: object) -> str | None:
        """Return the object id of its user-assigned identity; without an id, ``principal_id``."""
        if client_id is None:
            return self.principal_id
        users = self.find("identity.userAssignedIdentities")
        for user in users.values() if isinstance(users, dict) else ():
            if user["clientId"].lower() == str(client_id).lower():
                return str(user["principalId"])
        return None

    def encryption_with(self, patch: Mapping[str, object]) -> dict[str, Any]:
        """Return what ``merge_encryption`` would make of its encryption."""
        now = self.find("properties.encryption")
        merged = dict(now) if isinstance(now, dict) else {}
        arm_accounts.merge(merged, patch)
        return merged

    def assign_identity(self) -> None:
        """Give it a system-assigned identity, in place of any other."""
        self.set("identity", arm_accounts.identity("system", self._spec, self._owner))

    def merge_encryption(self, encryption: Mapping[str, object]) -> None:
        """Change ``properties.encryption`` by a JSON merge patch (RFC 7396), as an update does."""
        changed = {"encryption": encryption, "provisioningState": "Succeeded"}
        with self._shared.lock:
            document = self.document()
            arm_accounts.merge(document, {"properties": changed})
            self.replace(document)

    def replace(self, document: object) -> None:
        """Send this document instead, whatever it is."""
        with self._shared.lock:
            self._changed = document
            self._shared.touch(self._owner.subscription_id)
            self._shared.changes.add(self.id, arm_accounts.TYPE)

    def set(self, path: str, value: object) -> None:
        """Set a dotted path, such as "properties.provisioningState"; None is sent as null."""
        with self._shared.lock:
            document = self.document()
            arm_accounts.place(document, path, value)
            self.replace(document)

    def remove(self, path: str) -> None:
        """Remove the value at a dotted path."""
        with self._shared.lock:
            document = self.document()
            arm_accounts.remove(document, path)
            self.replace(document)

    def set_encryption(self, encryption: object) -> None:
        """Set ``properties.encryption`` to any JSON value; None is sent as null."""
        self.set("properties.encryption", encryption)

    def remove_encryption(self) -> None:
        """Remove ``properties.encryption``, as if it had never been configured."""
        self.remove("properties.encryption")


class Subscription:
    """One subscription; all its attributes except the id can be set at any time.

    ``listed``      whether it is in the list of subscriptions
    ``page_sizes``  sizes of the first pages of its account list, such as (2, 0, 3); the rest
                    fills further pages
    ``silent_regions``  locations whose accounts its list leaves out, as lists of providers that
                    span regions were seen to do
    ``management_groups``  names of the groups above it, from the nearest up
    """

    def __init__(self, shared: Shared, subscription_id: str, name: str, tenant_id: str) -> None:
        self.id = subscription_id
        self.name = name
        self.tenant_id = tenant_id
        self.managed_by_tenants: Sequence[str] = ()
        self.tags: Mapping[str, str] = {}
        self._state = "Enabled"
        self.quota_id = "EnterpriseAgreement_2014-09-01"
        self.access: Access = Access.READER
        self.listed = True
        self.page_sizes: Sequence[int] = ()
        self.silent_regions: Sequence[str] = ()
        self.management_groups: Sequence[str] = (tenant_id,)
        self._shared = shared
        self._accounts: list[Account] = []
        self._deleted: list[Account] = []
        self._groups: set[str] = set()
        owner = Owner(self.id, self.tenant_id)
        self.vaults = Vaults(owner, shared.lock, self.add_group, shared.changes)

    @property
    def state(self) -> str:
        """Its state, as Azure lists it."""
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        self._state = state
        self._shared.changes.add(f"/subscriptions/{self.id}", _SUBSCRIPTION_TYPE)

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The accounts by name; the first one if two groups have an account of the same name."""
        with self._shared.lock:
            found: dict[str, Account] = {}
            for account in self._accounts:
                found.setdefault(account.name, account)
            return found

    def account(self, name: str, group: str | None = None) -> Account | None:
        """Find an account as Azure does: the case of name and group does not matter."""
        with self._shared.lock:
            for account in self._accounts:
                if account.name.lower() == name.lower() and (
                    group is None or account.group.lower() == group.lower()
                ):
                    return account
        return None

    def add_account(self, spec: AccountSpec) -> Account:
        """Add an account at the end of the list."""
        account = Account(spec, Owner(self.id, self.tenant_id), self._shared)
        with self._shared.lock:
            self._accounts.append(account)
            self.add_group(account.group)
            self._shared.touch(self.id)
            self._shared.changes.add(account.id, arm_accounts.TYPE)
        return account

    @property
    def indexed_accounts(self) -> list[Account]:
        """The accounts that Resource Graph knows, deleted ones too that it still knows."""
        with self._shared.lock:
            return [each for each in (*self._accounts, *self._deleted) if each.indexed]

    def remove_account(
        self, name: str, group: str | None = None, *, still_indexed: bool = False
    ) -> None:
        """Delete an account. Raises KeyError if there is none of this name."""
        with self._shared.lock:
            account = self.account(name, group)
            if account is None:
                raise KeyError(name)
            self._accounts.remove(account)
            if still_indexed:
                self._deleted.append(account)
            self._shared.touch(self.id)
            self._shared.changes.add(account.id, arm_accounts.TYPE)

    def in_group(self, group: str) -> list[Account]:
        """Return the accounts of a resource group."""
        with self._shared.lock:
            return [account for account in self._accounts if account.group.lower() == group.lower()]

    def add_group(self, group: str) -> None:
        """Add an empty resource group; adding a resource adds its group anyway."""
        self._groups.add(group.lower())

    def has_group(self, group: str) -> bool:
        """Return whether there is such a resource group; one that has become empty stays."""
        return group.lower() in self._groups

    def page(self, offset: int, size: int) -> tuple[bytes, int | None]:
        """Return accounts from an offset on, as JSON without brackets, and the next offset."""
        with self._shared.lock:
            listed = [each for each in self._accounts if each.location not in self.silent_regions]
            end = min(offset + size, len(listed))
            rows = listed[offset:end]

            def build() -> bytes:
                return b",".join(row.encoded() for row in rows)

            whole = len(listed) == len(self._accounts)
            body = self._shared.page(self.id, offset, end, build) if whole else build()
            return body, end if end < len(listed) else None


class Estate:
    """All subscriptions that one identity can see.

    ``administrator``  client id of a second identity, which sees the same and may also change it;
                       the person who fixes an account needs that, and the program never
    """

    def __init__(self, tenant_id: str = DEFAULT_TENANT, user_assigned: Iterable[str] = ()) -> None:
        self.tenant_id = tenant_id
        self.administrator = Identity.named(f"{tenant_id}/administrator").client_id
        self.user_assigned = (*user_assigned, self.administrator)
        self.grants = Grants()
        self.denials = Denials()
        self.policies = Policies()
        self._shared = Shared()
        self._subscriptions: dict[str, Subscription] = {}

    @property
    def changes(self) -> ChangeLog:
        """What was changed in it."""
        return self._shared.changes

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, listed or not, in the order they were added."""
        with self._shared.lock:
            return tuple(self._subscriptions.values())

    def subscription(self, subscription_id: str) -> Subscription:
        """Find a subscription by its id, in any case. Raises KeyError if there is none."""
        with self._shared.lock:
            return self._subscriptions[subscription_id.lower()]

    def add_subscription(
        self, subscription_id: str, name: str, *, tenant_id: str | None = None
    ) -> Subscription:
        """Add a readable subscription without accounts."""
        added = Subscription(self._shared, subscription_id, name, tenant_id or self.tenant_id)
        with self._shared.lock:
            self._subscriptions[subscription_id.lower()] = added
        self.changes.add(f"/subscriptions/{subscription_id}", _SUBSCRIPTION_TYPE)
        return added

    def account(self, account_id: str) -> Account:
        """Find an account by its id, in any case. Raises KeyError if there is none."""
        _, _, subscription_id, _, group, _, _, _, name = account_id.split("/")
        account = self.subscription(subscription_id).account(name, group)
        if account is None:
            raise KeyError(account_id)
        return account
