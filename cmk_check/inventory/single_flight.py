"""Single-flight: concurrent callers that make the same request share one response."""

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
    """A running request; ``waiting`` is the number of callers that are waiting for its response."""

    task: asyncio.Task[T]
    until: Deadline
    waiting: int = 0


class SingleFlight[T]:
    """Shares the response or failure of a request among all callers that make the request.

    A request runs as long as at least one caller is waiting. Each caller waits until its own
    deadline. A caller that stops waiting does not affect the others. When the last caller stops
    waiting, the request is cancelled.
    """

    def __init__(self) -> None:
        self._asked: dict[Hashable, _Asked[T]] = {}

    async def get(
        self,
        name: Hashable,
        ask: Callable[[Deadline], Coroutine[object, object, T]],
        deadline: float,
    ) -> T | Unread:
        """Return the response to the request with this ``name``, which ``ask`` sends if needed.

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
                # Unlike awaiting the task itself, this never cancels the task.
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
        """Return the responses to several requests, keyed by name, requesting each name once."""
        distinct_names = list(dict.fromkeys(names))
        answers = await asyncio.gather(
            *(self.get(each, partial(ask, each), deadline) for each in distinct_names)
        )
        return dict(zip(distinct_names, answers, strict=True))
