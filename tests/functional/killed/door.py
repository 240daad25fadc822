"""A host's way to its storage, at which the host can be killed.

The door names each write. At the write of its trap it kills the host: before the storage gets the
request, or when the storage has done it and the host has not heard. Afterwards it lets nothing
through. A request's signature covers its path and headers, not its host, so it passes unchanged.
"""

import http.client
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Self, override
from urllib.parse import unquote, urlsplit

_LOOPBACK: Final = "127.0.0.1"
# Of one connection, not of the message (RFC 9110, 7.6.1), and what the server writes itself.
_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_TABLE: Final = re.compile(r"/(cmk[a-z]+)(?:\(|\s)")
_ROW: Final = re.compile(r"""(?:RowKey=|"RowKey": ?)['"]([a-z]+)(?=['"|])""")
_QUEUE: Final = re.compile(r"/(cmk-[a-z-]+)/messages(?:/([^?]+))?")
_RECEIVED: Final = re.compile(
    r"<MessageId>(.*?)</MessageId>.*?<PopReceipt>(.*?)</PopReceipt>", re.DOTALL
)


class When(StrEnum):
    """On which side of a write the host dies."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True)
class Trap:
    """Kills a host at a write with this name, the ``number``-th that comes from any host."""

    write: str
    number: int
    when: When
    sprung: threading.Event = field(default_factory=threading.Event)
    _seen: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def catches(self, write: str) -> bool:
        """Count a write; return whether its host dies of it."""
        with self._lock:
            self._seen[write] += 1
            return (write, self._seen[write]) == (self.write, self.number)


class Door:
    """The way of one host. Use in a ``with`` block.

    ``seen`` are the names of its writes; ``received`` has queue and receipt of each message that it
    received, by the message's id.
    """

    def __init__(self, connection_string: str) -> None:
        self._parts = dict(part.split("=", 1) for part in connection_string.split(";"))
        self._stack = ExitStack()
        self.trap: Trap | None = None
        self.pid = 0
        self._dead = threading.Event()
        self.seen: list[str] = []
        self.received: dict[str, tuple[str, str]] = {}

    def __enter__(self) -> Self:
        for service in ("QueueEndpoint", "TableEndpoint"):
            target = urlsplit(self._parts[service])
            server = ThreadingHTTPServer((_LOOPBACK, 0), self._handler(target.netloc))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            self._stack.callback(thread.join)
            self._stack.callback(server.server_close)
            self._stack.callback(server.shutdown)
            netloc = f"{_LOOPBACK}:{server.server_address[1]}"
            self._parts[service] = target._replace(netloc=netloc).geturl()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def is_shut(self) -> bool:
        """Whether its host died here."""
        return self._dead.is_set()

    @property
    def connection_string(self) -> str:
        """The storage's connection string, through this door."""
        return ";".join(f"{name}={value}" for name, value in self._parts.items())

    def pass_through(
        self, netloc: str, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[http.client.HTTPResponse, bytes] | None:
        """Return the storage's response, or None if the host is dead."""
        write = _name_of(method, path, body)
        trap = self.trap if write and self.trap and self.trap.catches(write) else None
        if trap is not None and trap.when is When.BEFORE:
            self._kill(trap)
        if self._dead.is_set():
            return None
        connection = http.client.HTTPConnection(netloc)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if name.lower() not in _HOP_BY_HOP:
                connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        self._note_messages(method, path, response, content)
        if write:
            self.seen.append(write)
        if trap is not None and trap.when is When.AFTER:
            self._kill(trap)
        return None if self._dead.is_set() else (response, content)

    def _note_messages(
        self, method: str, path: str, response: http.client.HTTPResponse, content: bytes
    ) -> None:
        queue = _QUEUE.search(path)
        if queue is not None and method == "GET":
            for number, receipt in _RECEIVED.findall(content.decode()):
                self.received[number] = (queue[1], receipt)
        elif queue is not None and method == "PUT":
            receipt = response.headers.get("x-ms-popreceipt")
            if receipt is not None:
                self.received[queue[2]] = (queue[1], receipt)

    def _kill(self, trap: Trap) -> None:
        self._dead.set()
        os.kill(self.pid, signal.SIGKILL)
        trap.sprung.set()

    def _handler(self, netloc: str) -> type[BaseHTTPRequestHandler]:
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                found = door.pass_through(netloc, self.command, self.path, dict(self.headers), body)
                if found is None:
                    self.close_connection = True
                    return
                response, content = found
                self.send_response_only(response.status, response.reason)
                for name, value in response.getheaders():
                    if name.lower() not in _HOP_BY_HOP:
                        self.send_header(name, value)
                if response.status != http.HTTPStatus.NO_CONTENT:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = forward  # noqa: N815 - the server's names

            @override
            def handle(self) -> None:
                with suppress(ConnectionError):  # the host is dead
                    super().handle()

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Keep the test's output for the test."""

        return Handler


def _name_of(method: str, path: str, body: bytes) -> str:
    """Name a write by its table and the kinds of its rows, or by its queue; "" for other requests.

    A message that is hidden for longer changes nothing that anyone reads.
    """
    if queue := _QUEUE.search(path):
        return {"POST": f"{queue[1]} send", "DELETE": f"{queue[1]} delete"}.get(method, "")
    if not path.endswith("/$batch"):
        return ""
    text = unquote(body.decode())
    table = _TABLE.search(text)
    rows = ["slice"] if "'slice|" in text or '"slice|' in text else sorted({*_ROW.findall(text)})
    return " ".join([table[1] if table else "?", *rows])
