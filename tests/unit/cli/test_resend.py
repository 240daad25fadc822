"""The command ``resend``: what it sends to the app, and what it says."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app

KEY = "the-key-for-starting"


@contextmanager
def _answering(status: int, body: str) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Serve an app that answers each POST; yield its address, and the paths and keys."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append((self.path, self.headers["x-functions-key"]))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def _resend(url: str, *options: str, key: str = KEY) -> Result:
    return CliRunner().invoke(
        app, ["resend", "--url", url, "--key-file", "-", *options], input=f"{key}\n"
    )


def test_it_asks_once_with_the_key_for_starting() -> None:
    """A request that was repeated would repeat all alerts."""
    with _answering(202, "") as (url, asked):
        result = _resend(url, "--from", "8", "--to", "3007")

    assert (result.exit_code, result.stdout) == (0, "queued: changes 8 to 3007\n")
    assert asked == [("/api/scan/resend?from=8&to=3007", KEY)]


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (401, "", "use a valid key of the function scan_now"),
        (404, "NotFound", "check that --url is the address of cmk_check"),
        (409, "NotResent", "set CMK_WEBHOOK_URL or CMK_ROUTES, and use numbers of published"),
        (503, "NewerVersionNeeded", "deploy the newer version of cmk_check again."),
        (503, "StorageUnavailable", "try again later"),
        (200, "", "look at the app's log"),
    ],
)
def test_what_was_not_queued_is_an_error(status: int, code: str, text: str) -> None:
    """And is not tried again: the app may have queued a part."""
    body = f'{{"error": {{"code": "{code}", "message": "{KEY}"}}}}'
    with _answering(status, body) as (url, asked):
        result = _resend(url, "--from", "1", "--to", "2")

    assert (result.exit_code, len(asked)) == (3, 1)
    assert result.stderr.startswith("cmk-check: the changes are not all queued: 127.0.0.1:")
    assert text in result.stderr
    assert KEY not in result.output
