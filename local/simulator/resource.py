"""One resource besides accounts, alive: what it is set to is what the next request reads."""

import copy
import threading

from local.simulator import accounts as arm_accounts


class Resource:
    """A resource by its JSON; ``lock`` keeps an answer whole while a test changes it."""

    def __init__(self, document: object, lock: threading.RLock) -> None:
        self._document = document
        self._lock = lock

    def document(self) -> object:
        """Give a copy of the JSON Azure would send."""
        with self._lock:
            return copy.deepcopy(self._document)

    def find(self, path: str) -> object:
        """Give what stands at a dotted path; None where nothing does."""
        return arm_accounts.find(self.document(), path)

    def replace(self, document: object) -> None:
        """Send this instead, whatever it is."""
        with self._lock:
            self._document = document

    def set(self, path: str, value: object) -> None:
        """Set a dotted path, such as "properties.enableRbacAuthorization"; None is sent as null."""
        with self._lock:
            document = self.document()
            arm_accounts.place(document, path, value)
            self.replace(document)

    def remove(self, path: str) -> None:
        """Make a dotted path absent."""
        with self._lock:
            document = self.document()
            arm_accounts.remove(document, path)
            self.replace(document)
