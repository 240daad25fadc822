"""Queues of texts and a webhook that a test scripts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from cmk_check.core.alert_routes import Route
from cmk_check.core.model import Change
from cmk_check.ports import AT_ONCE, DeliveryFailed, QueueError

MOST_BYTES = 65_536
"""What the service takes, as it is sent: base64."""


@dataclass
class MemoryTexts:
    """A queue of texts; ``sent`` keeps them with their delays. Implements ``ports.TextQueue``."""

    sent: list[tuple[str, timedelta]] = field(default_factory=list)
    is_down: bool = False

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Keep them, or fail as a queue that is down, or a message that is too large."""
        if self.is_down:
            raise QueueError("the queue is down")
        for text in texts:
            assert -(-len(text.encode()) // 3) * 4 <= MOST_BYTES
            self.sent.append((text, delay))

    def texts(self) -> list[str]:
        """Return what was sent."""
        return [text for text, _ in self.sent]


@dataclass
class ScriptedWebhook:
    """Implements ``ports.Webhook``: ``posts`` were delivered, ``failures`` are still to come."""

    failures: list[DeliveryFailed | None] = field(default_factory=list)
    posts: list[list[Change]] = field(default_factory=list)
    route: Route = field(default_factory=lambda: Route("webhook", "https://hooks.test"))

    async def post(self, changes: Sequence[Change]) -> list[int]:
        """Keep the changes, or fail."""
        assert 1 <= len(changes) <= 50
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.posts.append(list(changes))
        return [200]

    def ids(self) -> list[str]:
        """Return the ids of all that was delivered, in order."""
        return [change.id for post in self.posts for change in post]
