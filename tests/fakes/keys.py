"""A key inventory that tells what a test scripts, and the facts of keys in every state."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Key, KeyFacts, KeyVersion, Vault
from cmk_check.core.unread import Absent, Unread

PRINCIPAL: Final = "5a1e0000-0000-4000-8000-0000000000aa"
"""Who uses the key of a compliant account of the scripted world."""

VAULT: Final = (
    "/subscriptions/00000000-0000-4000-8000-0000000000ff/resourcegroups/rg-keys"
    "/providers/microsoft.keyvault/vaults/kv-cmk"
)
CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
LATEST: Final = KeyVersion(
    "v1",
    enabled=True,
    created=CREATED,
    type="RSA",
    size=2048,
    operations=frozenset({"wrapkey", "unwrapkey"}),
)
_VAULT: Final = Vault(
    VAULT,
    uri="https://kv-cmk.vault.azure.net/",
    soft_delete=True,
    purge_protection=True,
    policies={PRINCIPAL: frozenset({"get", "wrapkey", "unwrapkey"})},
    default_action="Allow",
    bypass="AzureServices",
    public_access="Enabled",
)
HEALTHY: Final = KeyFacts(vault=_VAULT, key=Key(f"{VAULT}/keys/cmk", LATEST), grants=None)
_DENIED: Final = Unread(
    Gap(GapReason.FORBIDDEN, "Microsoft.KeyVault/vaults/read", "Assign the role.")
)


def with_version(**fields: object) -> KeyFacts:
    """Return the facts of a healthy key but for these fields of its latest version."""
    version = replace(LATEST, **fields)  # type: ignore[arg-type]
    return replace(HEALTHY, key=Key(f"{VAULT}/keys/cmk", version))


def expiring(at: datetime) -> KeyFacts:
    """Return the facts of a key that expires then."""
    return with_version(expires=at)


DISABLED: Final = with_version(enabled=False)
EXPIRED: Final = expiring(CREATED + timedelta(days=1))
GONE: Final = replace(HEALTHY, key=Absent(f"{VAULT}/keys/cmk"))
UNPROTECTED: Final = replace(HEALTHY, vault=replace(_VAULT, purge_protection=False))
BOTH: Final = replace(DISABLED, vault=UNPROTECTED.vault)
VAULT_GONE: Final = replace(HEALTHY, vault=Absent(VAULT), key=None)
UNREAD: Final = replace(HEALTHY, vault=_DENIED, key=_DENIED)
"""Facts that lead to each state of a key; None is what nobody looks at."""


async def _nothing(_accounts: Sequence[Account]) -> None:
    """Do nothing before a read."""


class ScriptedKeys:
    """Implements ``ports.KeyInventory``; a key of which nothing is scripted is healthy.

    Everything may be changed between two reads: ``facts`` by account id, ``missing`` are ids that
    get no answer at all; ``before_read`` is awaited with the accounts before each answer and may
    wait, raise, or change the script. ``asked`` keeps, read by read, the vault ids known for the
    accounts, by the account's name, and ``seconds`` how long each might take; ``opened`` counts
    those who asked for it.
    """

    def __init__(self, facts: Mapping[str, KeyFacts] | None = None) -> None:
        self.facts = dict(facts or {})
        self.missing: set[str] = set()
        self.before_read: Callable[[Sequence[Account]], Awaitable[None]] = _nothing
        self.asked: list[dict[str, str | None]] = []
        self.seconds: list[float] = []
        self.opened = 0

    def open(self) -> "ScriptedKeys":
        """Return it to one who works on a slice."""
        self.opened += 1
        return self

    async def read(
        self, accounts: Sequence[Account], known_vaults: Mapping[str, str], *, seconds: float
    ) -> Mapping[str, KeyFacts]:
        """Return the scripted facts of these accounts."""
        assert seconds > 0
        self.asked.append(
            {account.id.name: known_vaults.get(str(account.id)) for account in accounts}
        )
        self.seconds.append(seconds)
        await self.before_read(accounts)
        ids = [str(account.id) for account in accounts]
        return {text: self.facts.get(text, HEALTHY) for text in ids if text not in self.missing}
