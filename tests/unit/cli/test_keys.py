"""The command `keys`: what depends on each key, page by page, from the API of an app."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app

KEY, CMK = "the-key-of-the-app", "https://kv-ai.vault.azure.net/keys/cmk"
ENTRY = {
    "id": CMK,
    "name": "cmk",
    "message": "If this key stops working, 2 accounts lose their data.",
    "vaultId": None,
    "shared": True,
    "accounts": 2,
    "owners": 1,
    "unowned": 0,
    "dataOnly": 0,
    "unread": 0,
    "dataStores": 0,
    "keys": None,
    "pinned": 0,
    "expires": "2027-01-31T12:00:00Z",
    "nextRotationAt": None,
    "ownerNames": ["\x1b[31mred\u202e"],
    "versions": [],
    "identities": [],
}


class _App(HTTPServer):
    """An app with two pages of keys, or one that refuses."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.keys = set[str | None]()
        self.status = 200
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                served.asked.append(query)
                served.keys.add(self.headers["x-functions-key"])
                page: dict[str, object] = {"value": [ENTRY], "caution": "Not counted: \x1b[2J."}
                if "skipToken" not in query:
                    page["nextLink"] = "https://elsewhere.example/api/v1/keys?top=1000&skipToken=x"
                body = json.dumps(page).encode()
                self.send_response(served.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def served() -> Iterator[_App]:
    """Yield the app while it runs."""
    with _App() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _run(served: _App, *arguments: str) -> Result:
    url = f"http://127.0.0.1:{served.server_port}"
    return CliRunner().invoke(app, ["keys", "--url", url, *arguments], env={"CMK_API_KEY": KEY})


def test_every_page_is_shown_and_then_what_is_not_counted(served: _App) -> None:
    """Whoever closes a vault reads the end, too; no name controls the terminal."""
    result = _run(served, "--vault", "kv-ai")

    assert result.exit_code == 0, result.output
    assert (
        result.stdout
        == (
            f"Key URI: {CMK}\n"
            "  Name: cmk\n"
            "  Message: If this key stops working, 2 accounts lose their data.\n"
            "  Shared: true\n"
            "  Accounts: 2\n"
            "  Owners: 1\n"
            "  Expires: 2027-01-31T12:00:00Z\n"
            "  Owner names: \\x1b[31mred\\u202e\n\n"
        )
        * 2
        + "Not counted: \\x1b[2J.\n"
    )
    first, second = served.asked
    assert first == {"vault": ["kv-ai"], "top": ["1000"]}
    assert second == {"top": ["1000"], "skipToken": ["x"]}
    assert served.keys == {KEY}


def test_one_key_is_asked_for_by_its_address(served: _App) -> None:
    """And what is no key is refused before the network."""
    assert _run(served, f"{CMK}/v1").exit_code == 0
    assert served.asked[0]["key"] == [f"{CMK}/v1"]

    refused = _run(served, "cmk")

    assert refused.exit_code == 2
    assert "must be a key like https://<vault>.vault.azure.net/keys/<name>" in refused.output
    assert len(served.asked) == 2


@pytest.mark.parametrize(("status", "advice"), [(400, "change the filters"), (401, "a valid key")])
def test_an_app_that_refuses_gives_no_list(served: _App, status: int, advice: str) -> None:
    """An empty list would say that nothing depends on the key."""
    served.status = status

    result = _run(served)

    assert (result.exit_code, result.stdout) == (3, "")
    assert advice in result.stderr
    assert KEY not in result.output
