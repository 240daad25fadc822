"""The ids of key vaults, managed HSMs and keys: taken apart to be asked for, and made for keys.

Only what fits these patterns becomes a part of a URL or a query. In ASCII, or a sign for kelvin
would pass for the letter that it looks like, and one thing be read for another.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from cmk_check.core.text import GUID

# A group's name may hold other letters and brackets too; dots alone would lead to another path.
_VAULT: Final = re.compile(
    rf"/subscriptions/(?P<subscription>{GUID})"
    r"/resourcegroups/(?P<group>(?!\.+/)[^/\x00-\x20\x7f-\x9f\ud800-\udfff]{1,90})"
    r"/providers/microsoft\.keyvault/(?P<type>vaults|managedhsms)/(?P<name>[a-z0-9-]{3,24})",
    re.IGNORECASE | re.ASCII,
)
_KEY_NAME: Final = re.compile("[a-z0-9-]{1,127}", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class VaultId:
    """The id of a vault, lower-cased; but a group of other letters than ASCII as it is spelled.

    Azure compares names in any case, though not as Python does: a dotted I in capitals is another
    letter to it than the two that Python makes of it.
    """

    subscription_id: str
    group: str
    name: str
    is_managed_hsm: bool

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """Take an id in any case apart; None where it is not that of a vault."""
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
        """The id as it is asked for."""
        kind = "managedhsms" if self.is_managed_hsm else "vaults"
        group = f"/subscriptions/{self.subscription_id}/resourcegroups/{self.group}"
        return f"{group}/providers/microsoft.keyvault/{kind}/{self.name}"

    @property
    def text(self) -> str:
        """The id lower-cased, as facts have it."""
        return self.path.lower()


@dataclass(frozen=True, slots=True)
class KeyId:
    """The id of a key: its vault, and its name lower-cased."""

    vault: VaultId
    name: str

    @classmethod
    def of(cls, vault: VaultId, name: str | None) -> Self | None:
        """Name a key of a vault; None where there can be no such key."""
        return cls(vault, name.lower()) if name and _KEY_NAME.fullmatch(name) else None

    @property
    def path(self) -> str:
        """The id as it is asked for."""
        return f"{self.vault.path}/keys/{self.name}"

    @property
    def text(self) -> str:
        """The id lower-cased, as facts have it."""
        return self.path.lower()
