"""Encryption scopes of an account: parts of it that are encrypted with a separate key."""

import threading
from collections.abc import Mapping
from typing import Final

TYPE: Final = "Microsoft.CognitiveServices/accounts/encryptionScopes"
_STATE: Final = {"provisioningState": "Succeeded", "state": "Enabled"}


class EncryptionScopes:
    """The encryption scopes of one account, by name; they can change while they are read."""

    def __init__(
        self, account_id: str, scopes: Mapping[str, object], lock: threading.RLock
    ) -> None:
        self._account_id = account_id
        self._scopes = dict(scopes)
        self._lock = lock

    def set(self, name: str, properties: object) -> None:
        """Add or change a scope; ``properties`` are as Azure has them, such as a keySource."""
        with self._lock:
            self._scopes[name] = properties

    def remove(self, name: str) -> None:
        """Delete a scope. Raises KeyError if there is none of this name."""
        with self._lock:
            del self._scopes[name]

    def documents(self) -> list[object]:
        """Return the JSON that Azure would send for each scope."""
        with self._lock:
            return [self._document(name, properties) for name, properties in self._scopes.items()]

    def _document(self, name: str, properties: object) -> dict[str, object]:
        return {
            "id": f"{self._account_id}/encryptionScopes/{name}",
            "name": name,
            "type": TYPE,
            "properties": {**properties, **_STATE} if isinstance(properties, dict) else properties,
        }
