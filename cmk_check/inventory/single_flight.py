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
        request = self._asked.get(name)
        if request is None:
            until = Deadline(deadline)
            request = self._asked[name] = _Asked(asyncio.create_task(ask(until)), until)
        request.until.latest = max(request.until.latest, deadline)
        if not request.task.done():
            request.waiting += 1
            try:
                seconds = deadline - asyncio.get_running_loop().time()
                # Unlike awaiting the task itself, this never cancels it.
                await asyncio.wait((request.task,), timeout=seconds)
            finally:
                request.waiting -= 1
                if not (request.waiting or request.task.done()):
                    del self._asked[name]
                    request.task.cancel()
        return request.task.result() if request.task.done() else Unread(make_gap(GapReason.TIMEOUT))

    async def read_all(
        self,
        names: Iterable[str],
        ask: Callable[[str, Deadline], Coroutine[object, object, T]],
        deadline: float,
    ) -> dict[str, T | Unread]:
        """Return the answers of several requests by name; each name is requested once."""
        distinct_names = list(dict.fromkeys(names))
        answers = await asyncio.gather(
            *(self.get(each, partial(ask, each), deadline) for each in distinct_names)
        )
        return dict(zip(distinct_names, answers, strict=True))
