"""An app of cmk_check on this machine, which answers a command as a test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread


class LocalApp(HTTPServer):
    """Answers each GET with ``status`` and ``body``, and keeps paths, keys and tokens."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.paths: list[str] = []
        self.keys, self.tokens = set[str | None](), set[str | None]()
        app = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                app.paths.append(self.path)
                app.keys.add(self.headers["x-functions-key"])
                app.tokens.add(self.headers["authorization"])
                body = app.body(self.path)
                self.send_response(app.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def body(self, path: str) -> bytes:
        """Return what is answered to a path."""
        del path
        return b""

    @contextmanager
    def running(self) -> Iterator[None]:
        """Answer until the end."""
        with self:
            thread = Thread(target=self.serve_forever, args=(0.01,))
            thread.start()
            yield
            self.shutdown()
            thread.join()
