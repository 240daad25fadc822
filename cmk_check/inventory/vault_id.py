"""The ids of key vaults, managed HSMs and keys: taken apart to be asked for, and made for keys.

Only what fits these patterns becomes a part of a URL or a query.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

# A group's name may hold other letters and brackets too; dots alone would lead to another path.
_VAULT: Final = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"/resourcegroups/(?P<group>(?!\.+/)[^/\x00-\x20\x7f-\x9f\ud800-\udfff]{1,90})"
    r"/providers/microsoft\.keyvault/(?P<type>vaults|managedhsms)/(?P<name>[a-z0-9-]{3,24})"
)

_KEY_NAME: Final = re.compile("[a-z0-9-]{1,127}")


@dataclass(frozen=True, slots=True)
class VaultId:
    """The id of a vault, lower-cased as a whole."""

    text: str
    subscription_id: str
    group: str
    name: str
    is_managed_hsm: bool

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """Take an id in any case apart; None where it is not that of a vault."""
        match = _VAULT.fullmatch(text.lower()) if isinstance(text, str) else None
        if match is None:
            return None
        is_managed_hsm = match["type"] == "managedhsms"
        return cls(match[0], match["subscription"], match["group"], match["name"], is_managed_hsm)


@dataclass(frozen=True, slots=True)
class KeyId:
    """The id of a key, lower-cased: its vault and its name."""

    vault: VaultId
    name: str

    @classmethod
    def of(cls, vault_id: str, name: str | None) -> Self | None:
        """Name a key of a vault; None where there can be no such vault or key."""
        vault, lowered = VaultId.parse(vault_id), (name or "").lower()
        return cls(vault, lowered) if vault and _KEY_NAME.fullmatch(lowered) else None

    @property
    def text(self) -> str:
        """The id as Azure writes it, but lower-cased."""
        return f"{self.vault.text}/keys/{self.name}"
