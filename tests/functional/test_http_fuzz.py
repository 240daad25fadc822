"""Hostile values for every parameter of the contract, over a running host: no 5xx and no hang.

What schemathesis sends reaches the app in process; here the host reads the URL first, and the
values reach a real storage.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pytest

from local.azurite import Azurite
from local.functions_host.request import decoded_path
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of
from tests.functional.http_kit import LONGEST_LINE, PATIENCE, Client, Reply, operations
from tests.functional.storage_kit import Storage

pytestmark = pytest.mark.long

API: Final = "/api/v1/"
TEXTS: Final = (
    "",
    "quokka\x00",
    "a\r\nSet-Cookie: stolen=1\r\n\r\n<script>",
    "''",
    "' or PartitionKey ne '",
    "') or (RowKey ne '",
    "..",
    "../../../admin/host/status",
    "//evil.test/",
    "?",
    "&top=1",
    "a;b",
    "%2e%2e%2f",
    "+",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "\u202eeerg\u2066",
    "\ufeff\ufffe\uffff\U0010ffff",
    "99999999999999999999999999",
    '{"$ne": null}',
    "a" * 10_240,
    "MDAw" * 300,
    "~~~~|||~0000",
)
# What no text decodes to: a surrogate by itself, an overlong slash, half a character, stray signs.
ENCODED: Final = (
    "%ED%A0%80",
    "%C0%AF",
    "%F0%9F%98",
    "%",
    "%2e%2e/%2e%2e/admin/host/status",
    "%252e%252e%252f",
)
VALUES: Final = (*(quote(text, safe="") for text in TEXTS), *ENCODED)


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


class Fuzz:
    """Sends requests with the key of ``api``, and remembers each answer that is amiss."""

    def __init__(self, scene: Scene, client: Client) -> None:
        self._key = {"x-functions-key": scene.host.keys.functions["api"]}
        self._client = client
        document = scene.get("v1/openapi.json").body
        self.operations = [each for each in operations(document) if each.path.startswith(API)]
        self.amiss: list[tuple[str, int, bytes]] = []

    def ask(self, target: str, method: str = "GET") -> Reply:
        """Send a request and judge the answer."""
        reply = self._client.ask(method, target, self._key)
        if not _is_sound(reply, method, target):
            self.mark(reply, f"{method} {target}")
        return reply

    def mark(self, reply: Reply, what: str) -> None:
        """Remember what was amiss."""
        self.amiss.append((what[:300], reply.status, reply.body[:300]))


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
def fuzz(scene: Scene) -> Iterator[Fuzz]:
    """Send; afterwards nothing may be amiss in any answer."""
    with Client(scene.host.url) as client:
        fuzz = Fuzz(scene, client)
        yield fuzz
    assert fuzz.amiss == []


def test_p10_no_value_of_a_parameter_is_more_than_a_value(fuzz: Fuzz) -> None:
    """P10: none ends a filter, opens another one, leads elsewhere or shows all as if it matched."""
    tried = 0
    for operation in fuzz.operations:
        path = operation.at(**dict.fromkeys(operation.in_path, "x"))
        for name in operation.query:
            tried += 1
            for value in VALUES:
                reply = fuzz.ask(f"{path}?{name}={value}")
                if reply.status == 200 and reply.json.get("value") != []:
                    fuzz.mark(reply, f"{operation.id} {name}={value}")

    assert tried >= 15


def test_p10_no_id_in_a_path_is_more_than_an_id(fuzz: Fuzz) -> None:
    """P10: an id becomes a key of a table, and a path can climb; HEAD answers what GET answers."""
    answered = []
    for operation in fuzz.operations:
        for name in operation.in_path:
            for value in VALUES:
                for before, behind in (("", ""), ("subscriptions/x/", ""), ("", "/quokka")):
                    path = operation.at(**{name: f"{before}{value}{behind}"})
                    get, head = fuzz.ask(path), fuzz.ask(path, "HEAD")
                    if (head.status, head.body) != (get.status, b""):
                        fuzz.mark(head, f"HEAD {path} against {get.status}")
                    if get.status not in {400, 404}:
                        answered.append((get.status, operation.id, value))

    # Dots lead to another route, and nothing at all to the list itself.
    assert {status for status, *_ in answered} <= {200}
    assert len(answered) < 20, answered
