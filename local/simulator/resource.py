"""A resource that is not an account; the next request reads every change to it."""

import copy
import threading

from local.simulator import accounts as arm_accounts


class Resource:
    """A resource and its JSON; ``lock`` keeps an answer consistent while a test changes it."""

    def __init__(self, document: object, lock: threading.RLock) -> None:
        self._document = document
        self._lock = lock

    def document(self) -> object:
        """Return a copy of the JSON that Azure would send."""
        with self._lock:
            return copy.deepcopy(self._document)

    def find(self, path: str) -> object:
        """Return a copy of the value at a dotted path, or None."""
        with self._lock:
            return copy.deepcopy(arm_accounts.find(self._document, path))

    def replace(self, document: object) -> None:
        """Send this document instead, whatever it is."""
        with self._lock:
            self._document = document

    def set(self, path: str, value: object) -> None:
        """Set a dotted path, such as "properties.enableRbacAuthorization"; None is sent as null."""
        with self._lock:
            document = self.document()
            arm_accounts.place(document, path, value)
            self.replace(document)

    def remove(self, path: str) -> None:
        """Remove the value at a dotted path."""
        with self._lock:
            document = self.document()
            arm_accounts.remove(document, path)
            self.replace(document)
