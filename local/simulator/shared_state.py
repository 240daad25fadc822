"""What the subscriptions of an estate share: one lock, which keeps each page consistent."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from local.simulator.change_log import ChangeLog

_CACHED_PAGES: Final = 2048


@dataclass(slots=True)
class Shared:
    """The state that all subscriptions of an estate share: the lock, and encoded pages."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    pages: OrderedDict[tuple[str, int, int, int], bytes] = field(default_factory=OrderedDict)
    versions: dict[str, int] = field(default_factory=dict)
    changes: ChangeLog = field(default_factory=ChangeLog)

    def touch(self, subscription_id: str) -> None:
        """Drop the encoded pages of a subscription."""
        self.versions[subscription_id] = self.versions.get(subscription_id, 0) + 1

    def page(self, subscription_id: str, start: int, end: int, build: Callable[[], bytes]) -> bytes:
        """Return an encoded page, from memory if it was built before."""
        key = (subscription_id, self.versions.get(subscription_id, 0), start, end)
        if key not in self.pages:
            self.pages[key] = build()
            if len(self.pages) > _CACHED_PAGES:
                self.pages.popitem(last=False)
        return self.pages[key]
