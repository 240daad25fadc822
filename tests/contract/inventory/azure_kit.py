"""A simulated Azure and what reads it: accounts, the vaults behind them, faults and costs."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from cmk_check.core.account import Account, parse_account
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.keys.permissions import get_key_user
from cmk_check.core.unread import Unread
from cmk_check.inventory.azure_inventory import AzureInventory
from cmk_check.inventory.keys.reader import AzureKeys
from local.simulator import (
    AccountSpec,
    Assignment,
    Fault,
    KeySpec,
    Role,
    Simulator,
    Subscription,
    Vault,
    VaultSpec,
)
from local.simulator.faults import Effect

OTHER: Final = "8d3c0000-0000-4000-8000-000000000002"
KEY_VAULT: Final = (
    f"/subscriptions/{OTHER}/resourcegroups/rg-keys/providers/microsoft.keyvault/vaults/kv-a"
)
CRYPTO_USER: Final = "Key Vault Crypto User"
_KINDS: Final = {
    "/microsoft.authorization/roleassignments": "grants",
    "/microsoft.authorization/roledefinitions/": "roles",
    "/microsoft.resourcegraph/resources": "graph",
    "/versions": "versions",
    "/keys/": "keys",
    "/microsoft.keyvault/": "vaults",
}


def unread(fact: object) -> Gap:
    """Say why a fact could not be read, in a sentence that fits everywhere."""
    assert isinstance(fact, Unread)
    assert fact.gap.detail
    assert len(fact.gap.detail) <= 300
    return fact.gap


def uri_of(name: str) -> str:
    """Give the address of a vault."""
    return f"https://{name}.vault.azure.net/"


class Azure:
    """One subscription with accounts, another one with their vaults, and what reads them.

    ``keys`` is what one slice reads with.
    """

    def __init__(self, simulator: Simulator, inventory: AzureInventory) -> None:
        self.simulator = simulator
        self.inventory = inventory
        self.keys = inventory.keys()

    @cached_property
    def accounts(self) -> Subscription:
        """The first subscription, which has the accounts."""
        return self.simulator.estate.subscriptions[0]

    @cached_property
    def vaults(self) -> Subscription:
        """The subscription with the vaults, which is there from the first use on."""
        return self.simulator.estate.add_subscription(OTHER, "Security")

    def new_slice(self) -> AzureKeys:
        """Begin anew, as the next scan does."""
        self.keys = self.inventory.keys()
        self.simulator.requests.clear()
        return self.keys

    def add_account(
        self,
        uri: str | None = "https://kv-a.vault.azure.net/",
        *,
        name: str = "chat",
        identity: str = "system",
        **key: Any,  # noqa: ANN401 - any JSON
    ) -> Account:
        """Add an account under a key; give it as the inventory of accounts reads it."""
        properties = {"keyName": "cmk", "keyVaultUri": uri, **key}
        spec = AccountSpec(
            name=name,
            group="rg-ai",
            identity=identity,
            encryption={"keySource": "Microsoft.KeyVault", "keyVaultProperties": properties},
        )
        account = parse_account(self.accounts.add_account(spec).document(), frozenset())
        assert account is not None
        return account

    def add_vault(
        self,
        name: str = "kv-a",
        *,
        keys: Sequence[KeySpec] = (KeySpec(name="cmk"),),
        hsm: bool = False,
        group: str = "rg-keys",
        **properties: object,
    ) -> Vault:
        """Add a vault with these keys."""
        return self.vaults.vaults.add(
            VaultSpec(name=name, group=group, hsm=hsm, keys=keys, properties=properties)
        )

    def add_rbac_vault(self, name: str = "kv-a", **more: Any) -> Vault:  # noqa: ANN401 - as above
        """Add a vault in which roles decide."""
        return self.add_vault(name, enableRbacAuthorization=True, **more)

    def grant(self, scope: str, to: Account | str, role: str | Role = CRYPTO_USER) -> Assignment:
        """Give a role to an account, or to somebody by his object id."""
        principal = to if isinstance(to, str) else get_key_user(to)
        assert principal
        return self.simulator.estate.grants.add(scope, role, principal)

    def answer(self, path: str, then: Effect | None, times: int | None = None) -> Fault:
        """Answer otherwise where this is asked for."""
        fault = Fault(path=path, then=then, times=times)
        self.simulator.faults.add(fault)
        return fault

    async def facts_of(
        self, account: Account, known: str | None = None, *, seconds: float = 5
    ) -> KeyFacts:
        """Read what is behind one account."""
        vaults = {} if known is None else {account.id.text: known}
        return (await self.keys.read([account], vaults, seconds=seconds))[account.id.text]

    def costs(self) -> Counter[str]:
        """Count the requests so far by what they asked for, but those for tokens."""
        asked = (request.path.lower() for request in self.simulator.requests)
        return Counter(_kind(path) for path in asked if not path.startswith("/msi/"))


def _kind(path: str) -> str:
    return next((kind for part, kind in _KINDS.items() if part in path), path)
