"""Single-flight: concurrent callers of a request share one answer."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterable
from dataclasses import dataclass
from functools import partial

from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.unread import Unread
from cmk_check.inventory.calls import Deadline


@dataclass(slots=True)
class _Asked[T]:
    """A running request; ``waiting`` counts the callers that wait for its answer."""

    task: asyncio.Task[T]
    until: Deadline
    waiting: int = 0


class SingleFlight[T]:
    """Shares each answer, or failure, among all callers.

    A request runs as long as a caller waits. Each caller waits until its own deadline. If one stops
    waiting, the others are not affected. When the last caller stops, the request is cancelled.
    """

    def __init__(self) -> None:
        self._asked: dict[Hashable, _Asked[T]] = {}

    async def get(
        self,
        name: Hashable,
        ask: Callable[[Deadline], Coroutine[object, object, T]],
        deadline: float,
    ) -> T | Unread:
        """Return the answer of the request with this name; ``ask`` starts it if necessary.

        ``deadline`` is on the event loop's clock; ``ask`` gets the latest deadline of all callers.
        """
        asked = self._asked.get(name)
        if asked is None:
            until = Deadline(deadline)
            asked = self._asked[name] = _Asked(asyncio.create_task(ask(until)), until)
        asked.until.latest = max(asked.until.latest, deadline)
        if not asked.task.done():
            asked.waiting += 1
            try:
                seconds = deadline - asyncio.get_running_loop().time()
                # Unlike awaiting the task itself, this never cancels it.
                await asyncio.wait((asked.task,), timeout=seconds)
            finally:
                asked.waiting -= 1
                if not (asked.waiting or asked.task.done()):
                    del self._asked[name]
                    asked.task.cancel()
        return asked.task.result() if asked.task.done() else Unread(make_gap(GapReason.TIMEOUT))

    async def each(
        self,
        names: Iterable[str],
        ask: Callable[[str, Deadline], Coroutine[object, object, T]],
        deadline: float,
    ) -> dict[str, T | Unread]:
        """Return the answers of several requests by name; each name is requested once."""
        wanted = list(dict.fromkeys(names))
        found = await asyncio.gather(
            *(self.get(each, partial(ask, each), deadline) for each in wanted)
        )
        return dict(zip(wanted, found, strict=True))
