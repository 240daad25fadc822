"""Parse and build the ids of key vaults, managed HSMs and keys.

Only text that matches the patterns in this module becomes part of a URL or a query. The patterns
are restricted to ASCII, because lookalikes such as the kelvin sign would otherwise match letters.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from cmk_check.core.rule import KEY_NAME
from cmk_check.core.text import GUID

# Group names may contain other letters and parentheses; a name of dots would change the path.
_VAULT: Final = re.compile(
    rf"/subscriptions/(?P<subscription>{GUID})"
    r"/resourcegroups/(?P<group>(?!\.+/)[^/\x00-\x20\x7f-\x9f\ud800-\udfff]{1,90})"
    r"/providers/microsoft\.keyvault/(?P<type>vaults|managedhsms)/(?P<name>[a-z0-9-]{3,24})",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class VaultId:
    """The id of a vault, lower-cased except for a resource group name that is not ASCII.

    Azure ignores case in names, but its rules differ from those of Python, which lower-cases a
    dotted capital I to two characters.
    """

    subscription_id: str
    group: str
    name: str
    is_managed_hsm: bool

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """Parse a vault's id, ignoring case; return None if it is not the id of a vault."""
        match = _VAULT.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            return None
        group = match["group"]
        return cls(
            match["subscription"].lower(),
            group.lower() if group.isascii() else group,
            match["name"].lower(),
            match["type"].lower() == "managedhsms",
        )

    @property
    def path(self) -> str:
        """The id for requests."""
        kind = "managedhsms" if self.is_managed_hsm else "vaults"
        group = f"/subscriptions/{self.subscription_id}/resourcegroups/{self.group}"
        return f"{group}/providers/microsoft.keyvault/{kind}/{self.name}"

    @property
    def text(self) -> str:
        """The lower-cased id, as used in facts."""
        return self.path.lower()


@dataclass(frozen=True, slots=True)
class KeyId:
    """The id of a key: its vault and its lower-cased name."""

    vault: VaultId
    name: str

    @classmethod
    def build(cls, vault: VaultId, name: str | None) -> Self | None:
        """Return the id of a key in a vault, or None if the key's name is invalid."""
        return cls(vault, name.lower()) if name and KEY_NAME.fullmatch(name) else None

    @property
    def path(self) -> str:
        """The id for requests."""
        return f"{self.vault.path}/keys/{self.name}"

    @property
    def text(self) -> str:
        """The lower-cased id, as used in facts."""
        return self.path.lower()
