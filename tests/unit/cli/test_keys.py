"""The command `keys`: what depends on each key, page by page, from the API of an app."""

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app
from tests.unit.cli.app_kit import LocalApp

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
    "unread": 0,
    "keys": None,
    "pinned": 0,
    "expires": "2027-01-31T12:00:00Z",
    "nextRotationAt": None,
    "ownerNames": ["\x1b[31mred\u202e"],
    "versions": [],
    "identities": [],
}


class _App(LocalApp):
    """An app with two pages of keys, or one that refuses."""

    def body(self, path: str) -> bytes:
        """Return a page; only the first one has a link."""
        page: dict[str, object] = {"value": [ENTRY], "caution": "Not counted: \x1b[2J."}
        if "skipToken" not in path:
            page["nextLink"] = "https://elsewhere.example/api/v1/keys?top=1000&skipToken=x"
        return json.dumps(page).encode()


@pytest.fixture
def served() -> Iterator[_App]:
    """Yield the app while it runs."""
    app = _App()
    with app.running():
        yield app


def _run(served: _App, *arguments: str) -> Result:
    given = ["keys", "--url", served.url, *arguments]
    return CliRunner().invoke(app, given, env={"CMK_API_KEY": KEY})


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
    assert served.paths == [
        "/api/v1/keys?vault=kv-ai&top=1000",
        "/api/v1/keys?top=1000&skipToken=x",
    ]
    assert served.keys == {KEY}


def test_one_key_is_asked_for_by_its_address(served: _App) -> None:
    """And what is no key is refused before the network."""
    assert _run(served, f"{CMK}/v1").exit_code == 0
    assert parse_qs(urlsplit(served.paths[0]).query)["key"] == [f"{CMK}/v1"]

    refused = _run(served, "cmk")

    assert refused.exit_code == 2
    assert "must be a key like https://<vault>.vault.azure.net/keys/<name>" in refused.output
    assert len(served.paths) == 2


@pytest.mark.parametrize(("status", "advice"), [(400, "change the filters"), (401, "a valid key")])
def test_an_app_that_refuses_gives_no_list(served: _App, status: int, advice: str) -> None:
    """An empty list would say that nothing depends on the key."""
    served.status = status

    result = _run(served)

    assert (result.exit_code, result.stdout) == (3, "")
    assert advice in result.stderr
    assert KEY not in result.output
