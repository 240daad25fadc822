"""Hostile values for every parameter of the contract, over a running host: no 5xx and no hang.

What schemathesis sends reaches the app in process; here the host reads the URL first.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pytest

from local.azurite import Azurite
from local.functions_host.request import decoded_path
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of, sub_id
from tests.functional.http_kit import LONGEST_LINE, PATIENCE, Client, Operation, Reply, operations
from tests.functional.storage_kit import Storage

pytestmark = pytest.mark.long

API: Final = "/api/v1/"
TEXTS: Final = (
    "",
    " ",
    "quokka\x00",
    "a\r\nSet-Cookie: stolen=1\r\n\r\n<script>",
    '"',
    "''",
    "' or PartitionKey ne '",
    "') or (RowKey ne '",
    "guid'00000000-0000-4000-8000-00000000beef'",
    "..",
    "../../../admin/host/status",
    "..\\..\\local.settings.json",
    "//evil.test/",
    "?",
    "#",
    "&top=1",
    "a;b",
    "%00",
    "%2e%2e%2f",
    "+",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "%(name)s {0.__class__}",
    "<script>window.ran=1</script>",
    "=cmd|' /C calc'!A0",
    "\u202eeerg\u2066",
    "\ufeff\ufffe\uffff\U0010ffff",
    "-1",
    "99999999999999999999999999",
    "\u0661\u0662",
    "NaN",
    '{"$ne": null}',
    "a" * 7_000,
    "a" * 10_240,
    "(" * 2_000,
    "MDAw" * 300,
    "~~~~|||~0000",
)
# What no text decodes to: a surrogate by itself, an overlong slash, half a character, stray signs.
ENCODED: Final = (
    "%ED%A0%80",
    "%C0%AF",
    "%F0%9F%98",
    "%80",
    "%",
    "%zz",
    "%2e%2e/%2e%2e/admin/host/status",
    "%252e%252e%252f",
    "%u0000",
)
VALUES: Final = (*(quote(text, safe="") for text in TEXTS), *ENCODED)


class Fuzz:
    """Sends requests and looks at what every answer must be."""

    def __init__(self, scene: Scene, client: Client) -> None:
        keys = scene.host.keys.functions
        self.key_to_read = {"x-functions-key": keys["api"]}
        self.key_to_start = {"x-functions-key": keys["scan_now"]}
        self.ask = client.ask
        document = scene.get("v1/openapi.json").body
        self.reading = [each for each in operations(document) if each.path.startswith(API)]
        self.amiss: list[tuple[str, int, bytes]] = []

    def get(self, target: str, method: str = "GET") -> Reply:
        """Ask for what the key of ``api`` gets."""
        return self.send(method, target, self.key_to_read)

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Reply:
        """Send a request and judge the answer."""
        reply = self.ask(method, target, headers, body)
        if not _is_sound(reply, method, target):
            self.mark(reply, f"{method} {target}")
        return reply

    def mark(self, reply: Reply, what: str) -> None:
        """Remember what was amiss."""
        self.amiss.append((what[:300], reply.status, reply.body[:300]))


def _is_sound(reply: Reply, method: str, target: str) -> bool:
    if reply.status >= 500 or reply.seconds > PATIENCE or "set-cookie" in reply.headers:
        return False
    if reply.status < 400 or method == "HEAD" or reply.is_enveloped:
        return True
    if len(f"GET {target} HTTP/1.1") > LONGEST_LINE:
        return reply.status == 400
    # Dots may lead out of the API: there the host answers, without a body.
    inside = decoded_path(target.partition("?")[0]).casefold().startswith(API)
    return not inside and (reply.status, reply.body) == (404, b"")


def _filled(operation: Operation) -> str:
    """Return the operation's path, with an id of nothing where it needs one."""
    return operation.at(**dict.fromkeys(operation.in_path, "x"))


@pytest.fixture(scope="module")
def scene(azurite: Azurite, _storage: Storage) -> Iterator[Scene]:
    """Scan a small estate once; a fuzz that changes what is known of it has found something."""
    _storage.clear()
    with Scene(estate_of({"quokka": CMK, "wombat": MICROSOFT}), _storage, azurite) as scene:
        scene.scan()
        tables = ("cmkfindings", "cmkchanges")
        before = [scene.storage.rows(table) for table in tables]
        yield scene
        assert [scene.storage.rows(table) for table in tables] == before
        assert [line for line in scene.host.output() if "The HTTP API" in line] == []


@pytest.fixture
def client(scene: Scene) -> Iterator["Fuzz"]:
    """Send; afterwards nothing may be amiss in any answer."""
    with Client(scene.host.url) as plain:
        fuzz = Fuzz(scene, plain)
        yield fuzz
    assert fuzz.amiss == []


def test_p10_no_value_of_a_parameter_is_more_than_a_value(client: Fuzz) -> None:
    """P10: none ends a filter, opens another one, leads elsewhere or shows all as if it matched."""
    tried = 0
    for operation in client.reading:
        for name in operation.query:
            tried += 1
            for value in VALUES:
                reply = client.get(f"{_filled(operation)}?{name}={value}")
                if reply.status == 200 and reply.json.get("value") != []:
                    client.mark(reply, f"{operation.id} {name}={value}")

    assert tried >= 15


def test_p10_no_forged_token_is_more_than_a_place(client: Fuzz) -> None:
    """P10: two keys of a table stand in it, and whoever takes one apart can put others in."""
    partition = sub_id(1)
    rows = ("{0}", "finding|{0}", "coverage{0}", "finding|rg-test|{0}")
    places = ("{0}/{0}", "scan/scan|{0}", *(f"{partition}/{row}" for row in rows))
    for text in TEXTS:
        for place in places:
            token = urlsafe_b64encode(place.format(text).encode()).decode().replace("=", "%3D")
            for operation in client.reading:
                if "skipToken" in operation.query and len(token) < LONGEST_LINE // 2:
                    client.get(f"{operation.path}?top=1&skipToken={token}")


def test_p10_no_id_in_a_path_is_more_than_an_id(client: Fuzz) -> None:
    """P10: an id becomes a key of a table, and a path can climb; HEAD answers what GET answers."""
    answered = []
    for operation in client.reading:
        for name in operation.in_path:
            for value in VALUES:
                for before, behind in (("", ""), ("subscriptions/x/", ""), ("", "/quokka")):
                    path = operation.at(**{name: f"{before}{value}{behind}"})
                    get, head = client.get(path), client.get(path, "HEAD")
                    if (head.status, head.body) != (get.status, b""):
                        client.mark(head, f"HEAD {path} against {get.status}")
                    if get.status not in {400, 404}:
                        answered.append((get.status, operation.id, value))

    # Dots lead to another route, and nothing at all to the list itself.
    assert {status for status, *_ in answered} <= {200}
    assert len(answered) < 20, answered


def test_no_body_and_no_method_does_more_than_it_says(client: Fuzz) -> None:
    """What only answers GET says so; what starts a scan refuses a body that names nothing."""
    bodies = [text.encode() for text in TEXTS if text.strip()] + [b"\xff" * 100, b"[" * 100_000]
    for number, body in enumerate(bodies):
        method = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")[number % 5]
        operation = client.reading[number % len(client.reading)]
        refused = client.send(method, _filled(operation), client.key_to_read, body)
        if refused.status != 405:
            client.mark(refused, f"{method} {operation.path}")
        started = client.send("POST", "/api/scan", client.key_to_start, body)
        if started.status != 400:
            client.mark(started, f"POST /api/scan with {body[:100]!r}")
