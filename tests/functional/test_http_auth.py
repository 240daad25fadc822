"""Who may ask what: every operation of the contract, over a running host."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Final
from urllib.parse import quote

import pytest

from cmk_check.web.dashboard_files import FILES, INDEX
from local.azurite import Azurite
from local.simulator import Estate
from local.stack import APP
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, add_account, estate_of
from tests.functional.forked_host import ForkedHost
from tests.functional.http_kit import Client, Operation, operations
from tests.functional.storage_kit import Storage

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# The answers to whoever may start a scan: the last one may have begun less than a minute ago.
STARTED: Final = {202, 204, 429}
# What a caller can send by itself, where no Easy Auth takes it away.
FORGED: Final = {
    "x-ms-client-principal-id": "00000000-0000-4000-8000-00000000000a",
    "x-ms-client-principal-name": "mallory@example.org",
    "x-ms-client-principal": "eyJhdXRoX3R5cCI6ICJhYWQifQ==",
    "authorization": "Bearer forged",
}


def _estate() -> Estate:
    estate = estate_of({"zebrafish": CMK, "quokka": MICROSOFT}, {"numbat": MICROSOFT})
    add_account(estate.subscriptions[0], "wombat", kind="SpeechServices")
    return estate


@pytest.fixture(scope="module")
def scene(azurite: Azurite, _storage: Storage) -> Iterator[Scene]:
    """Scan a small estate once; nobody here changes it."""
    _storage.clear()
    with Scene(_estate(), _storage, azurite) as scene:
        scene.scan()
        yield scene


def _scans(scene: Scene) -> set[str]:
    """Return what shows that a scan was started."""
    keys = {row["RowKey"] for row in scene.storage.rows("cmkscans")}
    return {key for key in keys if key.startswith("scan|")}


def _headers(key: str) -> dict[str, str]:
    return {"x-functions-key": key}


def _operations(scene: Scene) -> list[tuple[Operation, str]]:
    """Return the operations, each with a path that leads to something that is there."""
    found = scene.findings()["quokka"]["id"].removeprefix("/")
    ids = dict.fromkeys(("getFinding", "getLastChange"), quote(found))
    ids["getScan"] = str(scene.last_scan())
    return [
        (operation, operation.at(id=ids.get(operation.id, "")))
        for operation in operations(scene.get("v1/openapi.json").body)
    ]


def _with_data(scene: Scene) -> list[tuple[Operation, str]]:
    return [(each, path) for each, path in _operations(scene) if not each.is_anonymous]


def _key_of(scene: Scene, operation: Operation) -> str:
    return scene.host.keys.functions["scan_now" if operation.path == "/api/scan" else "api"]


def test_p6_only_health_needs_no_key(scene: Scene) -> None:
    """P6: an operation that is forgotten here would be open to the internet."""
    with Client(scene.host.url) as client:
        answers = {
            operation.id: client.ask(operation.method, path).status
            for operation, path in _operations(scene)
        }

    assert {name for name, status in answers.items() if status != 401} == {"getHealth"}
    assert answers["getHealth"] == 200
    assert len(answers) >= 11


def test_p6_each_operation_takes_its_own_key_and_no_other(scene: Scene) -> None:
    """P6: a key that reads starts nothing, one that starts reads nothing, a wrong one neither."""
    keys = scene.host.keys.functions
    before = _scans(scene)
    opened = []

    with Client(scene.host.url) as client:
        for operation, path in _with_data(scene):
            right = _key_of(scene, operation)
            others = {*keys.values(), "wrong", right[:-1], f"{right}x", right.swapcase()} - {right}
            for key in others:
                for ask, headers in (
                    (path, _headers(key)),
                    (f"{path}?code={quote(key)}", {}),
                    # Where both are given, the header counts.
                    (f"{path}?code={quote(right)}", _headers(key)),
                ):
                    reply = client.ask(operation.method, ask, headers)
                    if (reply.status, reply.body) != (401, b""):
                        opened.append((operation.id, ask, reply.status))
        started = _scans(scene) - before
        let_in = {
            client.ask(operation.method, path, _headers(_key_of(scene, operation))).status
            for operation, path in _with_data(scene)
        }

    assert opened == []
    assert started == set()
    assert let_in - STARTED == {200}


def test_p6_no_method_is_a_way_round_the_key(scene: Scene) -> None:
    """P6: what counts is what a method brings out, so a 404 of the host is as good as a 401."""
    before = _scans(scene)

    with Client(scene.host.url) as client:
        answers = {
            (operation.id, method): client.ask(
                method, path, body=b"{}" if method == "POST" else b""
            )
            for operation, path in _with_data(scene)
            for method in METHODS
        }

    assert {reply.status for reply in answers.values()} == {401, 404}
    assert {reply.body for reply in answers.values()} == {b""}
    assert {name for name, reply in answers.items() if reply.status == 404} == {
        (name, method)
        for name, method in product(("startScan", "mayStartScan"), METHODS)
        if method not in {"GET", "HEAD", "POST"}
    }
    assert _scans(scene) == before


@pytest.mark.long
def test_with_entra_and_no_easy_auth_every_operation_is_shut(scene: Scene) -> None:
    """The functions are anonymous then: whoever switches Easy Auth off must not open the estate."""
    before = _scans(scene)

    environment = scene.environment() | {"CMK_HTTP_AUTH": "entra"}
    with ForkedHost(APP, environment, timers=False) as host, Client(host.url) as client:
        answers = [
            client.ask(operation.method, path, headers)
            for operation, path in _with_data(scene)
            for headers in ({}, FORGED, _headers(host.keys.functions["api"]))
        ]
        anonymous = [client.ask("GET", f"/api/{path}").status for path in ("health", "dashboard")]

    assert {(reply.status, reply.json["error"]["code"]) for reply in answers} == {
        (503, "SignInNotConfigured")
    }
    assert all(reply.is_enveloped for reply in answers)
    assert anonymous == [200, 200]
    assert _scans(scene) == before


def test_p6_what_is_anonymous_holds_no_data(scene: Scene) -> None:
    """P6: the page and health are there for anybody on the internet."""
    paths = ["", "nothing", *(name for name in FILES if name != INDEX)]
    asked = ["/api/health", "/", *(f"/api/dashboard/{path}" for path in paths)]
    secret = _of_the_estate(scene)

    with Client(scene.host.url) as client:
        replies = [client.ask("GET", path) for path in asked]

    assert {reply.status for reply in replies} == {200, 302, 404}
    text = b"\n".join(reply.body + str(reply.headers).encode() for reply in replies).decode()
    assert [name for name in secret if name.casefold() in text.casefold()] == []
    assert re.fullmatch(r'\{"status": "ok"\}', replies[0].body.decode())


def _of_the_estate(scene: Scene) -> set[str]:
    """Return names and ids that stand in answers to those who have the key."""
    findings = scene.findings().values()
    fields = ("name", "resourceGroup", "subscriptionId", "subscriptionName", "tenantId")
    names = {str(finding[field]) for finding in findings for field in fields}
    assert {"zebrafish", "quokka", "Subscription 1"} <= names
    return {*names, str(scene.last_scan()), *scene.host.keys.functions.values()}
