"""Starts the parts of the host, in an order that gives clear errors, and stops them again."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from aiohttp import web

from local.functions_host.app_settings import AppSettings, read_settings
from local.functions_host.data import Json
from local.functions_host.errors import StartError
from local.functions_host.functions import (
    Function,
    HttpTrigger,
    QueueTrigger,
    TimerTrigger,
    parse_function,
)
from local.functions_host.host_json import HostConfig, read_host_json
from local.functions_host.http_server import HttpServer, compile_routes
from local.functions_host.invoker import Invoker
from local.functions_host.keys import Keys
from local.functions_host.queue_connections import QueueConnections
from local.functions_host.queue_listener import LEASE, QueueListener
from local.functions_host.runtime import Worker
from local.functions_host.timers import Schedule, Timer

_ADDRESS: Final = "127.0.0.1"
_GRACE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to start; port 0 takes a free port."""

    app: Path
    port: int = 0
    timers: bool = True
    keys_file: Path | None = None
    local_settings: bool = False
    exit_with_stdin: bool = False
    lease: timedelta = LEASE


@dataclass(frozen=True, slots=True)
class _App:
    """The loaded app: what every trigger needs."""

    functions: tuple[Function, ...]
    config: HostConfig
    settings: AppSettings
    invoker: Invoker


@dataclass(frozen=True, slots=True)
class _Loops:
    """The tasks that run until the host ends."""

    timers: list[asyncio.Task[None]]
    listeners: list[asyncio.Task[None]]


async def serve(options: Options) -> None:
    """Run the app until SIGTERM, SIGINT or, if wanted, the end of standard input.

    Raises:
        StartError: The app, a setting or the port is wrong.
    """
    app = await _load(options)
    async with AsyncExitStack() as stack:
        listeners = await _listeners(app, options.lease, stack)
        timers = _timers(app) if options.timers else []
        url, keys, runner = await _listen(app, options, stack)
        stop = _stop_event(exit_with_stdin=options.exit_with_stdin)
        loops = _Loops(
            timers=[asyncio.create_task(timer.watch(run_on_startup=now)) for timer, now in timers],
            listeners=[asyncio.create_task(listener.listen()) for listener in listeners],
        )
        _print_ready(url, app.functions, keys)
        await _first_end([*loops.timers, *loops.listeners], stop)
        for listener in listeners:
            listener.stop()
        await _finish(app.invoker, runner, loops)


async def _load(options: Options) -> _App:
    settings = read_settings(options.app, with_file=options.local_settings)
    config = read_host_json(options.app, settings)
    worker = await Worker.load(options.app)
    functions = tuple(
        parse_function(found.id, found.name, found.raw_bindings, settings)
        for found in worker.functions
    )
    if not functions:
        raise StartError("function_app.py must decorate at least one function")
    return _App(functions, config, settings, Invoker(worker))


async def _listeners(app: _App, lease: timedelta, stack: AsyncExitStack) -> list[QueueListener]:
    connections = await stack.enter_async_context(QueueConnections(app.settings))
    listeners = []
    for function in app.functions:
        if isinstance(function.trigger, QueueTrigger):
            queue = await connections.queue(function.trigger.connection, function.trigger.queue)
            listener = QueueListener(queue, function, app.invoker, app.config.queues, lease=lease)
            app.invoker.on_activity(listener.wake)
            listeners.append(listener)
    await asyncio.gather(*(listener.prepare() for listener in listeners))
    return listeners


def _timers(app: _App) -> list[tuple[Timer, bool]]:
    """Return each timer, and whether it also runs on start-up."""
    return [
        (_timer(function, function.trigger, app.invoker), function.trigger.run_on_startup)
        for function in app.functions
        if isinstance(function.trigger, TimerTrigger)
    ]


def _timer(function: Function, trigger: TimerTrigger, invoker: Invoker) -> Timer:
    async def run(info: Json) -> None:
        await invoker.run(function, info, {})

    return Timer(Schedule(trigger.schedule), run, use_monitor=trigger.use_monitor)


async def _listen(
    app: _App, options: Options, stack: AsyncExitStack
) -> tuple[str, Keys, web.AppRunner]:
    names = [f.name for f in app.functions if isinstance(f.trigger, HttpTrigger)]
    keys = Keys.make(names, options.keys_file)
    endpoints = compile_routes(app.functions, app.config.route_prefix)
    server = HttpServer(endpoints, app.functions, keys, app.invoker)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=_GRACE_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    listening = _bound(options.port)
    await web.SockSite(runner, listening).start()
    return f"http://{_ADDRESS}:{listening.getsockname()[1]}", keys, runner


def _bound(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((_ADDRESS, port))
    except OSError as error:
        listening.close()
        raise StartError(f"port {port} cannot be used: {error.strerror}; choose another") from error
    return listening


def _stop_event(*, exit_with_stdin: bool) -> asyncio.Event:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if exit_with_stdin:
        # A thread, because a loop cannot watch every kind of standard input. os.read, because a
        # thread inside sys.stdin would hold its lock when the interpreter ends.
        def wait_for_end() -> None:
            while os.read(sys.stdin.fileno(), 1024):
                pass
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=wait_for_end, daemon=True).start()
    return stop


def _print_ready(url: str, functions: Iterable[Function], keys: Keys) -> None:
    names = sorted(function.name for function in functions)
    ready = {"url": url, "functions": names, "keys": keys.document()}
    print(json.dumps(ready), flush=True)


async def _first_end(loops: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Wait for the stop; raise the error of a loop that ends before, because it has failed."""
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopped, *loops}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for task in done:
        await task


async def _finish(invoker: Invoker, runner: web.AppRunner, loops: _Loops) -> None:
    """Start nothing new, and give running functions time; unfinished messages appear again."""
    for task in loops.timers:
        task.cancel()
    ends = [asyncio.create_task(end) for end in (runner.cleanup(), invoker.drain())]
    await asyncio.wait([*ends, *loops.listeners], timeout=_GRACE_SECONDS)
    for task in (*ends, *loops.listeners):
        task.cancel()
    await asyncio.gather(*ends, *loops.timers, *loops.listeners, return_exceptions=True)
