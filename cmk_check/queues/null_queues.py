"""Queues that discard their messages, for a scan in memory."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from cmk_check.ports import AT_ONCE


class NoQueues:
    """Implements ``ports.QueueService`` and each of its queues: messages are discarded."""

    def queue(self, name: str, live: timedelta | None = None) -> Self:  # noqa: ARG002 - all alike
        """Return a queue; see ``QueueService.queue``."""
        return self

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Discard the texts; see ``TextQueue.send``."""
