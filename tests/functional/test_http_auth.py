"""Who may ask what: every operation of the contract, over a running host."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pytest

from cmk_check.web.dashboard_files import FILES, INDEX
from local.azurite import Azurite
from local.stack import APP
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of
from tests.functional.forked_host import ForkedHost
from tests.functional.http_kit import Client, Operation, operations
from tests.functional.storage_kit import Storage

# A method, a target and headers.
type Try = tuple[str, str, dict[str, str]]

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


@pytest.fixture(scope="module")
def scene(azurite: Azurite, _storage: Storage) -> Iterator[Scene]:
    """Scan a small estate once; nobody here changes it."""
    _storage.clear()
    estate = estate_of({"zebrafish": CMK, "quokka": MICROSOFT}, {"numbat": MICROSOFT})
    with Scene(estate, _storage, azurite) as scene:
        scene.scan()
        yield scene


def _scans(scene: Scene) -> set[str]:
    """Return what shows that a scan was started."""
    keys = {row["RowKey"] for row in scene.storage.rows("cmkscans")}
    return {key for key in keys if key.startswith("scan|")}


def _headers(key: str) -> dict[str, str]:
    return {"x-functions-key": key}


def _operations(scene: Scene) -> list[tuple[Operation, str]]:
    """Return the operations that need a key, each with a path to something that is there."""
    found = scene.findings()["quokka"]["id"].removeprefix("/")
    ids = {"getFinding": quote(found)}
    ids["getScan"] = str(scene.last_scan())
    every = {each.id: each for each in operations(scene.get("v1/openapi.json").body)}
    assert every.pop("getHealth").is_anonymous
    return [(each, each.at(id=ids.get(each.id, ""))) for each in every.values()]


def _key_of(scene: Scene, operation: Operation) -> str:
    return scene.host.keys.functions[
        "scan_now" if operation.path.startswith("/api/scan") else "api"
    ]


def test_p6_each_operation_takes_its_own_key_and_no_other(scene: Scene) -> None:
    """P6: a key that reads starts nothing, one that starts reads nothing, a wrong one neither.

    No method is a way round: the host refuses it, or has no function for it.
    """
    keys = scene.host.keys.functions
    before = _scans(scene)
    opened = []

    with Client(scene.host.url) as client:
        for operation, path in _operations(scene):
            right = _key_of(scene, operation)
            tries: list[Try] = [(method, path, {}) for method in METHODS]
            for key in {*keys.values(), "wrong", right[:-1], right.swapcase()} - {right}:
                # Where both are given, the header counts.
                twice = f"{path}?code={quote(right)}"
                tries.append((operation.method, path, _headers(key)))
                tries.append((operation.method, f"{path}?code={quote(key)}", {}))
                tries.append((operation.method, twice, _headers(key)))
            for method, target, headers in tries:
                reply = client.ask(method, target, headers, b"{}" if method == "POST" else b"")
                if reply.status not in {401, 404} or reply.body:
                    opened.append((method, target, reply.status))
        started = _scans(scene) - before
        let_in = {
            client.ask(operation.method, path, _headers(_key_of(scene, operation))).status
            for operation, path in _operations(scene)
        }

    assert opened == []
    assert started == set()
    # 400: which changes to send again is not said.
    assert let_in - STARTED == {200, 400}


@pytest.mark.long
def test_with_entra_and_no_easy_auth_every_operation_is_shut(scene: Scene) -> None:
    """The functions are anonymous then: whoever switches Easy Auth off must not open the estate."""
    before = _scans(scene)

    environment = scene.environment() | {"CMK_HTTP_AUTH": "entra"}
    with ForkedHost(APP, environment, timers=False) as host, Client(host.url) as client:
        answers = [
            client.ask(operation.method, path, headers)
            for operation, path in _operations(scene)
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
    """P6: anyone on the internet can open the page and health, which monitors ask by HEAD."""
    findings = list(scene.findings().values())
    fields = ("name", "resourceGroup", "subscriptionId", "subscriptionName", "tenantId")
    secret = {str(finding[field]) for finding in findings for field in fields}
    secret |= {str(scene.last_scan()), *scene.host.keys.functions.values()}
    pages = ("", "nothing", *(name for name in FILES if name != INDEX))

    with Client(scene.host.url) as client:
        health, head = (client.ask(method, "/api/health") for method in ("GET", "HEAD"))
        replies = [client.ask("GET", f"/api/dashboard/{page}") for page in pages]
        replies.append(client.ask("GET", "/"))

    assert (health.body, head.status, head.body) == (b'{"status": "ok"}', 200, b"")
    assert {reply.status for reply in replies} == {200, 302, 404}
    text = b"\n".join(reply.body + str(reply.headers).encode() for reply in replies).decode()
    assert {"quokka", "Subscription 1"} <= secret
    assert [name for name in secret if name.casefold() in text.casefold()] == []
