"""Hostile values for every parameter of the contract, over a running host: no 5xx and no hang."""

import random
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_from_bytes

import pytest

from local.azurite import Azurite
from local.functions_host.request import decoded_path
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of, sub_id
from tests.functional.http_kit import LONGEST_LINE, PATIENCE, Client, Operation, Reply, operations
from tests.functional.storage_kit import Storage

pytestmark = pytest.mark.long

API: Final = "/api/v1/"
SEED: Final = 20261125
TEXTS: Final = (
    "",
    " ",
    "\x00",
    "quokka\x00",
    "a\r\nSet-Cookie: stolen=1\r\n\r\n<script>",
    "\n",
    "'",
    '"',
    "''",
    "`$(reboot)`${IFS}",
    "' or PartitionKey ne '",
    "') or (RowKey ne '",
    "x' eq 'x",
    "$filter=PartitionKey ne ''",
    "datetime'2026-01-01T00:00:00Z'",
    "guid'00000000-0000-4000-8000-00000000beef'",
    "..",
    "../..",
    "../../../admin/host/status",
    "..\\..\\local.settings.json",
    "/",
    "//evil.test/",
    "\\",
    "?",
    "#",
    "&top=1",
    "a;b",
    "a,b",
    "%",
    "%00",
    "%2e%2e%2f",
    "%u0027",
    "+",
    "*",
    "{id}",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "%(name)s {0.__class__}",
    "<script>window.ran=1</script>",
    "=cmd|' /C calc'!A0",
    "\u202eeerg\u2066",
    "\U0001f600\U0001f469\u200d\U0001f680",
    "\ufeff\ufffe\uffff\U0010ffff",
    "\u0130\u0131\u1e9e\ufb03",
    "e\u0301" * 40,
    "-1",
    "0",
    "1001",
    "99999999999999999999999999",
    "1e3",
    "0x10",
    "\u0661\u0662",
    "NaN",
    "null",
    "None",
    "true",
    "[]",
    '{"$ne": null}',
    "a" * 7_000,
    "a" * 10_240,
    "\u20ac" * 800,
    "(" * 2_000,
    "MDAw" * 300,
    "~~~~|||~0000",
)
# What no text decodes to: a surrogate by itself, an overlong slash, half a character, stray signs.
ENCODED: Final = (
    "%ED%A0%80",
    "%C0%AF",
    "%F0%9F%98",
    "%FF%FE",
    "%80",
    "%",
    "%zz",
    "%2",
    "%2e%2e/%2e%2e/admin/host/status",
    "%252e%252e%252f",
    "%u0000",
)
VALUES: Final = (*(quote(text, safe="") for text in TEXTS), *ENCODED)
# What a header can hold at all: visible characters, and bytes that are not even UTF-8.
LINES: Final = (
    *(text for text in TEXTS if re.fullmatch(r"[ -~]{1,8000}", text)),
    *(text.encode().decode("latin-1") for text in ("\u202e", "\U0001f600", "\u0130")),
)
NO_TEXT: Final = ("\xff\xfe", "\xed\xa0\x80")
HEADERS: Final = (
    "accept",
    "content-type",
    "cookie",
    "if-none-match",
    "range",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-http-method-override",
    "x-ms-client-principal",
    "x-original-url",
)
NAMES: Final = ("$filter", "$top", "Top", "top[]", "q.x", "__proto__", "api-version", "code2")


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

    def get(self, target: str, **headers: str) -> Reply:
        """Get what the key of ``api`` gets."""
        return self.send("GET", target, {**self.key_to_read, **headers})

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
                if reply.status == 200 and not _is_harmless(reply, name, value):
                    client.mark(reply, f"{operation.id} {name}={value}")

    assert tried >= 15


def _is_harmless(reply: Reply, name: str, value: str) -> bool:
    """Tell whether an answer shows nothing, but for the values that are valid.

    0 stands before the first change.
    """
    is_valid = (name, value) in {("since", "0"), ("unowned", "true")}
    return is_valid or reply.json.get("value") == []


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
    """P10: an id becomes a key of a table, and a path can climb."""
    answered = [
        (reply.status, operation.id, value)
        for operation in client.reading
        for name in operation.in_path
        for value in VALUES
        for before, behind in (("", ""), ("subscriptions/x/", ""), ("", "/quokka"))
        for reply in [client.get(operation.at(**{name: f"{before}{value}{behind}"}))]
        if reply.status not in {400, 404}
    ]

    # Dots lead to another route, and nothing at all to the list itself.
    assert {status for status, *_ in answered} <= {200}
    assert len(answered) < 20, answered


def test_unknown_and_repeated_parameters_are_named_and_refused(client: Fuzz) -> None:
    """A filter that is passed over shows everything as if it matched."""
    names = [*(quote(name) for name in NAMES), *(value for value in VALUES if value)]
    for operation in client.reading:
        path = _filled(operation)
        asked = [f"{path}?{name}=1" for name in names if "%26" not in name]
        asked += [f"{path}?{name}=1&{name}={value}" for name in operation.query for value in "12"]
        for target in asked:
            reply = client.get(target)
            if reply.status != 400:
                client.mark(reply, target)

        twice = client.get(f"{path}?code=1&code=2")
        if twice.status not in {200, 404}:
            client.mark(twice, f"{operation.id} with two keys")


def test_p10_hostile_values_together_break_no_answer(client: Fuzz) -> None:
    """What each check alone refuses can still meet in one request; the seed repeats a run."""
    chosen = random.Random(SEED)
    for _ in range(400):
        operation = chosen.choice(client.reading)
        names = chosen.sample([*operation.query, *NAMES], chosen.randint(1, 4))
        query = "&".join(f"{quote(name)}={chosen.choice(VALUES)}" for name in names)
        bytes_of = bytes(chosen.randrange(256) for _ in range(chosen.randint(1, 60)))
        ids = {name: quote_from_bytes(bytes_of, safe="") for name in operation.in_path}
        client.get(f"{operation.at(**ids)}?{query}")


def test_p10_head_answers_what_get_answers(client: Fuzz) -> None:
    """P10: monitors ask this way, with a path of any bytes; no body comes with it."""
    for operation in client.reading:
        paths = [operation.at(**dict.fromkeys(operation.in_path, value)) for value in VALUES]
        for path in paths if operation.in_path else [operation.path, f"{operation.path}/%FF"]:
            head, get = client.send("HEAD", path, client.key_to_read), client.get(path)
            if (head.status, head.body) != (get.status, b""):
                client.mark(head, f"HEAD {path} against {get.status}")


def test_p10_no_header_is_more_than_a_header(client: Fuzz) -> None:
    """P10: proxies and browsers add what they like, and attackers add to that."""
    for number, name in enumerate(HEADERS):
        for offset, line in enumerate(LINES):
            operation = client.reading[(number + offset) % len(client.reading)]
            client.get(_filled(operation), **{name: line})
        for line in NO_TEXT:
            reply = client.ask("GET", "/api/v1/status", {**client.key_to_read, name: line})
            if (reply.status, reply.body) != (400, b""):
                client.mark(reply, f"{name}: {line!r}")


def test_no_body_and_no_method_does_more_than_it_says(client: Fuzz) -> None:
    """What only answers GET says so; what starts a scan refuses a body that names nothing."""
    bodies = [text.encode() for text in TEXTS if text] + [b"\xff" * 100, b"[" * 100_000]
    for number, body in enumerate(bodies):
        method = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")[number % 5]
        operation = client.reading[number % len(client.reading)]
        refused = client.send(method, _filled(operation), client.key_to_read, body)
        if refused.status != 405:
            client.mark(refused, f"{method} {operation.path}")
        started = client.send("POST", "/api/scan", client.key_to_start, body)
        if started.status not in ({400} if body.strip() else {202, 409, 429}):
            client.mark(started, f"POST /api/scan with {body[:100]!r}")
    for value in VALUES:
        if client.send("POST", f"/api/scan?x={value}", client.key_to_start).status != 400:
            client.mark(started, f"POST /api/scan?x={value}")
