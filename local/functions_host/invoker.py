"""Runs invocations concurrently on one loop, and logs those that fail."""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from typing import Protocol

from local.functions_host.data import Data, Failure, Outcome
from local.functions_host.functions import Function
from local.functions_host.log import log


class Runs(Protocol):
    """Can run a function; the worker does."""

    async def invoke(
        self, function: Function, value: Data, metadata: Mapping[str, Data]
    ) -> Outcome:
        """Run the function once; an exception that it raises is part of the outcome."""
        ...


class Invoker:
    """Starts invocations and keeps them until they end, even if no caller waits for them."""

    def __init__(self, worker: Runs) -> None:
        self._worker = worker
        self._running: set[asyncio.Task[Outcome]] = set()
        self._listeners: list[Callable[[], None]] = []

    def on_activity(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each function run, because it may have sent messages."""
        self._listeners.append(listener)

    async def run(
        self,
        function: Function,
        value: Data,
        metadata: Mapping[str, Data],
        *,
        may_send: bool = True,
    ) -> Outcome:
        """Run the function to its end, even if the caller is cancelled."""
        return await asyncio.shield(self.start(function, value, metadata, may_send=may_send))

    def start(
        self,
        function: Function,
        value: Data,
        metadata: Mapping[str, Data],
        *,
        may_send: bool = True,
    ) -> asyncio.Task[Outcome]:
        """Run the function without waiting for it."""
        task = asyncio.create_task(self._invoke(function, value, metadata, may_send=may_send))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def drain(self) -> None:
        """Wait until nothing runs."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def _invoke(
        self, function: Function, value: Data, metadata: Mapping[str, Data], *, may_send: bool
    ) -> Outcome:
        try:
            outcome = await self._worker.invoke(function, value, metadata)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # The run itself was not cancelled: the function awaited something that was. Azure's
            # worker then never answers, and the host waits for its time-out.
            outcome = Outcome(failure=Failure(repr(error), traceback.format_exc()))
        if outcome.failure is not None:
            failure = outcome.failure
            log.error("%s failed: %s\n%s", function.name, failure.error, failure.traceback.rstrip())
        if may_send:
            for listener in self._listeners:
                listener()
        return outcome
