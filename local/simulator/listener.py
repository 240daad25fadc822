"""Serves HTTPS in a thread with its own event loop, so that a test may block meanwhile."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trustme
from aiohttp import web

from local.simulator.faults import Cut
from local.simulator.messages import Incoming, Reply

HOST: Final = "127.0.0.1"
VAULTS: Final = "*.vault.invalid"
_BACKLOG: Final = 512
_STOP_SECONDS: Final = 10.0

type Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
type Streams = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Certificates:
    """A certificate authority, with a certificate for 127.0.0.1, localhost and key vaults.

    ``ca_file`` is in a directory that ``remove`` deletes.
    """

    def __init__(self) -> None:
        authority = trustme.CA(organization_name="cmk_check local simulator")
        self._directory = TemporaryDirectory(prefix="simulator-")
        self.ca_file = Path(self._directory.name) / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        names = (HOST, "localhost", "*.vault.azure.net", VAULTS)
        authority.issue_cert(*names).configure_cert(self.server)

    def client(self) -> ssl.SSLContext:
        """Make a context for a client that trusts only this authority."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def remove(self) -> None:
        """Delete the files."""
        self._directory.cleanup()


class ListenerThread:
    """Runs the event loop that all listeners of one simulator share."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._runners: list[web.ServerRunner] = []
        self._servers: list[asyncio.Server] = []
        self._sockets: list[socket.socket] = []
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call[T](self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_STOP_SECONDS)

    def listen(self, handler: Handler, port: int = 0) -> int:
        """Listen on a port (0 takes a free one) and return it. Raises OSError if it is in use."""
        return self._call(self._listen(handler, port))

    async def _listen(self, handler: Handler, port: int) -> int:
        runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        self._runners.append(runner)
        opened = self._open(port)
        await web.SockSite(runner, opened, ssl_context=self._context, backlog=_BACKLOG).start()
        return int(opened.getsockname()[1])

    def _open(self, port: int) -> socket.socket:
        opened = socket.create_server((HOST, port))
        self._sockets.append(opened)
        return opened

    def serve(self, handler: Streams) -> int:
        """Listen on a free port for connections that are neither HTTPS nor HTTP; return it."""
        return self._call(self._serve(handler))

    async def _serve(self, handler: Streams) -> int:
        opened = self._open(0)
        self._servers.append(await asyncio.start_server(handler, sock=opened))
        return int(opened.getsockname()[1])

    def stop(self) -> None:
        """Close all listeners and connections, and end the thread."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)
        self._loop.close()

    async def _close(self) -> None:
        # asyncio drops a connection, unclosed, that was accepted a moment before its server closes.
        for each in self._sockets:
            self._loop.remove_reader(each)
        await asyncio.sleep(0)
        for server in self._servers:
            server.close()
            server.close_clients()
        for runner in self._runners:
            await runner.cleanup()
        # A connection that waits for the other side to close it would outlive the loop. No public
        # function lists a loop's transports and sockets; one of the sockets is the loop's own.
        transports, selector = (vars(self._loop)[name] for name in ("_transports", "_selector"))
        while len(selector.get_map()) > 1:
            for transport in [*transports.values()]:
                transport.abort()
            await asyncio.sleep(0)
        await asyncio.sleep(0)


async def incoming_of(request: web.BaseRequest) -> Incoming:
    """Read a request into plain values."""
    return Incoming(
        method=request.method,
        host=request.host,
        path=request.path,
        target=request.raw_path,
        query={name.lower(): value for name, value in request.query.items()},
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.read() if request.can_read_body else b"",
    )


def respond(reply: Reply) -> web.StreamResponse:
    """Make the answer to send."""
    return web.Response(status=reply.status, body=reply.body, headers=reply.headers)


async def cut_off(request: web.BaseRequest, reply: Reply, cut: Cut) -> web.StreamResponse:
    """Announce the full length, send a part, and close the connection."""
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_length = len(reply.body)
    await response.prepare(request)
    await response.write(reply.body[: int(len(reply.body) * cut.part)])
    close(request)
    return response


def close(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection; the returned response is never sent."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()
