"""Queues that nobody reads: a scan in memory tells nobody but its caller."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from cmk_check.ports import AT_ONCE


class NoQueues:
    """Implements ``ports.QueueService`` and each of its queues: what is sent is forgotten."""

    def queue(self, name: str, live: timedelta | None = None) -> Self:  # noqa: ARG002 - all alike
        """Return a queue; see ``QueueService.queue``."""
        return self

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Forget them; see ``TextQueue.send``."""
