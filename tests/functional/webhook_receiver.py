"""Whoever receives alerts: keeps what is posted, and answers what a test says."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Posted:
    """One request that was answered with success."""

    headers: Mapping[str, str]
    events: list[Any]


class Receiver:
    """A webhook's receiving end on a free port, in a ``with`` block; ``status`` is its answer."""

    def __init__(self) -> None:
        self.status = 200
        self.posts: list[Posted] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.take({k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep the test's output for the test."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def take(self, headers: Mapping[str, str], body: bytes) -> None:
        """Keep a request that is answered with success."""
        if self.status < 300:
            self.posts.append(Posted(headers, json.loads(body)))

    def told(self) -> list[tuple[str, str]]:
        """Return type and last part of the subject of all that was received, in order."""
        return [
            (event["type"].removeprefix("cmkcheck."), event["subject"].rpartition("/")[2])
            for event in self.events()
        ]

    def events(self) -> list[Any]:
        """Return all that was received, in order."""
        return [event for post in self.posts for event in post.events]
