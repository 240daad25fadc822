"""What becomes of a message, whatever its function does: on a queue in memory, without waiting."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from local.functions_host.data import Data, Failure, Outcome, Text
from local.functions_host.functions import Function, QueueTrigger
from local.functions_host.host_json import QueueOptions
from local.functions_host.invoker import Invoker
from local.functions_host.queue_listener import LEASE, QueueListener
from local.functions_host.queues import Message

pytestmark = pytest.mark.long

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_FUNCTION = Function("id", "f", QueueTrigger("msg", "orders", "STORAGE"))
_OPTIONS = QueueOptions(
    batch_size=2,
    new_batch_threshold=1,
    max_dequeue_count=3,
    visibility_timeout=timedelta(seconds=30),
    max_polling_interval=timedelta(milliseconds=60),
)

type _Gate = Callable[[], Awaitable[object]]


async def _until(reached: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not reached():  # noqa: ASYNC110 - what is watched has no events of its own
            await asyncio.sleep(0.001)


class _Queue:
    """A MessageQueue in memory."""

    def __init__(self, name: str = "orders", waiting: list[Message] | None = None) -> None:
        self.name = name
        self.waiting = waiting or []
        self.received: list[int] = []
        self.hidden: list[timedelta] = []
        self.deleted: list[str] = []
        self.poison: list[str] = []

    async def create(self) -> None:
        pass

    async def receive(self, count: int, lease: timedelta) -> list[Message]:
        await asyncio.sleep(0)
        assert lease > timedelta()
        self.received.append(count)
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken

    async def hide(self, message: Message, time: timedelta) -> Message:
        self.hidden.append(time)
        return message

    async def delete(self, message: Message) -> None:
        self.deleted.append(message.receipt)

    async def send_to_poison(self, body: str) -> None:
        self.poison.append(body)


class _Worker:
    """Runs every function with the same end, once it may."""

    def __init__(self, *, fails: bool = False, until: _Gate | None = None) -> None:
        self._fails = fails
        self._until = until
        self.seen: list[tuple[Data, Mapping[str, Data]]] = []
        self.most_beside = 0
        self._beside = 0

    async def invoke(
        self, function: Function, value: Data, metadata: Mapping[str, Data]
    ) -> Outcome:
        assert function is _FUNCTION
        self.seen.append((value, metadata))
        self._beside += 1
        self.most_beside = max(self.most_beside, self._beside)
        await (self._until() if self._until else asyncio.sleep(0))
        self._beside -= 1
        return Outcome(Failure("ValueError()", "trace")) if self._fails else Outcome()


def _message(body: str = "order", dequeue_count: int = 1, number: int = 1) -> Message:
    encoded = base64.b64encode(body.encode()).decode()
    return Message(f"m{number}", f"r{number}", encoded, dequeue_count, _NOW, _NOW, _NOW)


def _listener(queue: _Queue, worker: _Worker, lease: timedelta = LEASE) -> QueueListener:
    return QueueListener(queue, _FUNCTION, Invoker(worker), _OPTIONS, lease=lease)


@pytest.mark.parametrize(
    ("dequeue_count", "fails", "runs", "ends"),
    [
        pytest.param(1, False, 1, "deleted", id="succeeds"),
        pytest.param(2, True, 1, "hidden", id="fails"),
        pytest.param(3, True, 1, "poison", id="fails in its last attempt"),
        pytest.param(4, False, 0, "poison", id="has killed its host in its last attempt"),
    ],
)
async def test_a_message_ends_as_on_azure(
    dequeue_count: int, runs: int, ends: str, *, fails: bool
) -> None:
    """A pause is all that there is between an outage and a retry budget that is used up."""
    queue, worker, message = _Queue(), _Worker(fails=fails), _message("ä", dequeue_count)

    await _listener(queue, worker).process(message)

    assert [value for value, _ in worker.seen] == [Text("ä")] * runs
    assert queue.deleted == ([] if ends == "hidden" else ["r1"])
    assert queue.hidden == ([timedelta(seconds=30)] if ends == "hidden" else [])
    # As it was, so that the function of the poison queue can decode it.
    assert queue.poison == ([message.body] if ends == "poison" else [])


@pytest.mark.parametrize("dequeue_count", [1, 3, 4])
async def test_a_failed_message_in_a_poison_queue_stays_hidden(dequeue_count: int) -> None:
    """There is no poison queue of a poison queue; the lease keeps it from running hot."""
    queue = _Queue("orders-poison")

    await _listener(queue, _Worker(fails=True)).process(_message(dequeue_count=dequeue_count))

    assert (queue.deleted, queue.hidden, queue.poison) == ([], [], [])


async def test_a_lease_is_renewed_until_its_function_has_ended() -> None:
    """Another host would run the message a second time."""
    gate = asyncio.Event()
    queue, lease = _Queue(), timedelta(milliseconds=4)
    processing = asyncio.create_task(
        _listener(queue, _Worker(until=gate.wait), lease).process(_message())
    )

    await _until(lambda: len(queue.hidden) > 1)
    assert queue.deleted == []
    gate.set()
    await processing

    assert (set(queue.hidden), queue.deleted) == ({lease}, ["r1"])


async def test_messages_run_beside_each_other_up_to_batch_size_and_threshold() -> None:
    """Two at once, and two more fetched when one is left: what host.json asked for."""
    gate = asyncio.Semaphore(0)
    queue = _Queue(waiting=[_message(number=number) for number in range(5)])
    worker = _Worker(until=gate.acquire)
    listener = _listener(queue, worker)
    listening = asyncio.create_task(listener.listen())
    await _until(lambda: len(worker.seen) == 2)
    assert queue.received == [2]

    gate.release()
    await _until(lambda: len(worker.seen) == 4)
    assert worker.most_beside == 3

    for _ in range(4):
        gate.release()
    await _until(lambda: len(queue.deleted) == 5)
    listener.stop()
    await listening

    assert worker.most_beside == 3
