"""Doors to the storage and to a webhook, at which a process can be killed.

Every host has a door of its own: ports that lead to Azurite's queues and tables, and one that is
the webhook. A door names every request; at the step that is set as a trap it kills its host, before
the request goes on, or when it is answered and the answer has not gone back. Behind a dead host the
door is shut: what was on its way does not arrive.

The signature of a request covers its path and headers, not its host, so all pass unchanged.
"""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

import aiohttp
from aiohttp import web
from yarl import URL

from tests.functional.killed.requests import queue_call, received
from tests.functional.killed.steps import Steps, slice_of

_HOST: Final = "127.0.0.1"
_STOP_SECONDS: Final = 10.0
# Of one connection, not of the message (RFC 9110, 7.6.1), and what aiohttp sets for the body.
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
# What aiohttp would add.
_NOTHING_ADDED: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class _DeadError(Exception):
    """The process on the other side of the door is dead."""


class When(StrEnum):
    """On which side of a step the process dies."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True)
class Trap:
    """Where the next process dies; ``sprung`` once it did."""

    step: str
    when: When
    sprung: threading.Event = field(default_factory=threading.Event)

    def is_for(self, step: str | None, when: When) -> bool:
        """Whether the process dies here."""
        return (step, when) == (self.step, self.when) and not self.sprung.is_set()


@dataclass(slots=True)
class Watch:
    """What the doors see: the steps in order, and the events that the webhook got.

    ``ended`` is set when a scan ends.
    """

    steps: Steps = field(default_factory=Steps)
    taken: list[str] = field(default_factory=list)
    posted: list[Mapping[str, Any]] = field(default_factory=list)
    trap: Trap | None = None
    ended: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Held:
    """A message that a host has, and nobody else sees."""

    queue: str
    receipt: str


class Door:
    """The way of one host to storage and webhook.

    ``held`` and ``slices`` are the messages and the slices that the host has.
    """

    def __init__(self, watch: Watch, targets: Mapping[str, URL]) -> None:
        self._watch = watch
        self._targets = targets
        self._client: aiohttp.ClientSession | None = None
        self._runners: list[web.ServerRunner] = []
        self._pid: int | None = None
        self._dead = False
        self._sending: set[asyncio.Task[web.Response]] = set()
        self.held: dict[str, Held] = {}
        self.slices: set[int] = set()
        self.ports: dict[str, int] = {}

    @property
    def is_shut(self) -> bool:
        """Whether its host died here."""
        return self._dead

    @property
    def webhook_url(self) -> str:
        """The webhook."""
        return f"http://{_HOST}:{self.ports['Webhook']}/hook"

    def belongs_to(self, pid: int) -> None:
        """Say whose door this is."""
        self._pid = pid

    def connection_string(self, direct: str) -> str:
        """Lead a connection string through this door."""
        parts = dict(part.split("=", 1) for part in direct.split(";"))
        for service in self._targets:
            url = URL(parts[f"{service}Endpoint"]).with_port(self.ports[service])
            parts[f"{service}Endpoint"] = str(url)
        return ";".join(f"{name}={value}" for name, value in parts.items())

    async def open(self) -> None:
        """Listen."""
        self._client = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NOTHING_ADDED,
            connector=aiohttp.TCPConnector(limit=0),
        )
        for service, target in self._targets.items():
            self.ports[service] = await self._listen(_Forward(self, target))
        self.ports["Webhook"] = await self._listen(_Receive(self))

    async def close(self) -> None:
        """Listen no more, once what is on its way has arrived."""
        if self._sending:
            await asyncio.wait(self._sending, timeout=_STOP_SECONDS / 2)
        for runner in self._runners:
            await runner.cleanup()
        if self._client is not None:
            await self._client.close()

    async def pass_on(self, request: web.BaseRequest, target: URL) -> web.StreamResponse:
        """Let a request through and its answer back, unless the host dies of it."""
        body = await request.read()
        self._refuse_the_dead()
        watch, path = self._watch, request.path
        step = watch.steps.of_request(request.method, path, body)
        self._die(step, When.BEFORE)
        answer = await self._send_to_the_end(request, body, target, step)
        handed = watch.steps.of_answer(request.method, path, body, _bytes(answer))
        if (step := step or handed) is not None:
            watch.taken.append(step)
            if step.startswith("scans: finish"):
                watch.ended.set()
        self._die(step, When.AFTER)
        return answer

    async def take_post(self, request: web.BaseRequest) -> web.StreamResponse:
        """Be the webhook."""
        events = json.loads(await request.read())
        self._refuse_the_dead()
        step = self._watch.steps.of_post(events)
        self._die(step, When.BEFORE)
        self._watch.posted.extend(events)
        self._watch.taken.append(step)
        self._die(step, When.AFTER)
        return web.Response(status=202)

    async def _send_to_the_end(
        self, request: web.BaseRequest, body: bytes, target: URL, step: str | None
    ) -> web.Response:
        """Get the answer and note what it gives to the host, though the host may die meanwhile."""

        async def send() -> web.Response:
            answer = await self._send(request, body, target)
            self._keep_count(request, answer)
            return answer

        self._keep_slices(step or "")
        sending = asyncio.create_task(send())
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        return await asyncio.shield(sending)

    def _keep_count(self, request: web.BaseRequest, answer: web.Response) -> None:
        """Note which messages the host has, and the receipt that it could give each back with."""
        call = queue_call(request.path)
        if call is None:
            return
        if request.method == "GET" and call.message is None:
            for message in received(_bytes(answer)):
                self.held[message.id] = Held(call.queue, message.receipt)
        elif request.method == "PUT" and call.message in self.held:
            receipt = answer.headers.get("x-ms-popreceipt")
            if receipt is not None:
                self.held[call.message] = Held(call.queue, receipt)
        elif request.method == "DELETE" and call.message is not None:
            self.held.pop(call.message, None)

    def _keep_slices(self, step: str) -> None:
        what, _, how = step.partition(": ")
        if (found := slice_of(what)) is not None:
            (self.slices.add if how == "claim" else self.slices.discard)(found)

    async def _send(self, request: web.BaseRequest, body: bytes, target: URL) -> web.Response:
        if self._client is None:
            raise RuntimeError("the door is not open")
        url = target.join(URL(request.raw_path, encoded=True))
        headers = _without(request.headers)
        async with self._client.request(
            request.method, url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            return web.Response(
                status=answer.status, body=await answer.read(), headers=_without(answer.headers)
            )

    def _die(self, step: str | None, when: When) -> None:
        trap = self._watch.trap
        if trap is None or not trap.is_for(step, when) or self._pid is None:
            self._refuse_the_dead()
            return
        os.kill(self._pid, signal.SIGKILL)
        self._dead = True
        trap.sprung.set()
        self._refuse_the_dead()

    def _refuse_the_dead(self) -> None:
        if self._dead:
            raise _DeadError

    async def _listen(self, handler: "_Forward | _Receive") -> int:
        runner = web.ServerRunner(web.Server(handler), handle_signals=False, shutdown_timeout=0)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, _HOST, 0).start()
        return int(runner.addresses[0][1])


def _bytes(answer: web.Response) -> bytes:
    return answer.body if isinstance(answer.body, bytes) else b""


def _hang_up(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _without(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}


@dataclass(frozen=True, slots=True)
class _Forward:
    door: Door
    target: URL

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self.door.pass_on(request, self.target)
        except _DeadError:
            return _hang_up(request)


@dataclass(frozen=True, slots=True)
class _Receive:
    door: Door

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self.door.take_post(request)
        except _DeadError:
            return _hang_up(request)


class Proxy:
    """All doors, in a thread with an event loop of its own. Use in a ``with`` block."""

    def __init__(self, direct: str) -> None:
        parts = dict(part.split("=", 1) for part in direct.split(";"))
        self._direct = direct
        self._targets = {name: URL(parts[f"{name}Endpoint"]) for name in ("Queue", "Table")}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._doors: list[Door] = []
        self.watch = Watch()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for door in self._doors:
            self._run(door.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)
        self._loop.close()

    def open_door(self) -> Door:
        """Open a door for one host."""
        door = Door(self.watch, self._targets)
        self._run(door.open())
        self._doors.append(door)
        return door

    def close_door(self, door: Door) -> None:
        """Close the door of a host that has ended."""
        self._doors.remove(door)
        self._run(door.close())

    def start_over(self, trap: Trap | None = None) -> None:
        """Forget what was seen; let the next host to take a step die at it."""
        watch = self.watch
        watch.steps, watch.trap = Steps(), trap
        watch.taken.clear()
        watch.posted.clear()

    def _run[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_STOP_SECONDS)
