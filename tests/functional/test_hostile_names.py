"""Names, tags and messages from Azure are text, whatever they look like."""

import csv
import io
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from local.azurite import Azurite
from local.simulator import AccountSpec, Fault, arm_error
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, accounts_of, estate_of, sub_id
from tests.functional.storage_kit import Storage

# HTML, a formula, a second log line, OData, a header, shell, Bicep, control and bidi characters.
HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x.test","x")',
    'a\n{"event":"cmk.change","type":"cmkcheck.account.resolved"}',
    "' or verdict eq 'compliant",
    "a\r\nSet-Cookie: x=1",
    "$(touch /x)`id`;${{x}}",
    "\u202egnp.exe\u0000\u001b[31m\u2028\u2029",
    "%2e%2e/#?\\|~ü𝄞",
]


CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# The Functions host decodes an encoded percent sign twice, so the page encodes it twice. No name in
# Azure may hold one.
DECODED_TWICE = re.compile("%[0-9A-Fa-f]{2}")


def _in_an_id(name: str) -> str:
    """Make a part of an ARM id: a slash would end it, and control characters make it unusable."""
    return CONTROL.sub("-", name).replace("/", "_")


def _shown(text: str) -> str:
    """Replace what no table can hold and no terminal should be sent."""
    return re.sub("[\0\x1b]", "\ufffd", text)


@pytest.fixture(scope="module")
def scene(azurite: Azurite, _storage: Storage) -> Iterator[Scene]:
    """Scan an estate where everything that somebody may choose is hostile; nobody changes it."""
    _storage.clear()
    estate = estate_of({}, {"lab": CMK})
    subscription = estate.subscription(sub_id(1))
    subscription.name = "".join(HOSTILE)
    for name in HOSTILE:
        subscription.add_account(
            AccountSpec(
                name=_in_an_id(name),
                group=_in_an_id(name),
                location=name,
                encryption={**CMK, "keySource": name},
                tags={"owner": name, "team": name, name: "unasked"},
            )
        )
    with Scene(estate, _storage, azurite) as scene:
        scene.scan()
        yield scene


def test_p10_hostile_names_and_tags_are_plain_text_in_the_answers(scene: Scene) -> None:
    """A dashboard shows them as they are, and JSON keeps them inside their strings."""
    answer = scene.get("v1/findings")
    status = scene.get("v1/status")

    found = {one["location"]: one for one in answer.body["value"] if one["name"] != "lab"}
    assert set(found) == {_shown(name) for name in HOSTILE}
    for name in HOSTILE:
        finding, shown = found[_shown(name)], _shown(name)
        assert finding["name"].casefold() == _in_an_id(name).casefold()
        assert finding["tags"] == {"owner": shown, "team": shown}
        assert finding["owner"] == {"value": shown, "source": "account"}
        assert finding["evidence"]["keySource"] == shown
        assert finding["subscriptionName"] == _shown("".join(HOSTILE))
        assert finding["verdict"] == "unknown"
    for got in (answer, status):
        assert got.headers["content-type"] == "application/json; charset=utf-8"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in got.headers


def test_p10_an_account_of_any_name_is_found_by_its_id(scene: Scene) -> None:
    """As ARM spells it, as another may, and with its slashes encoded; never another account."""
    listed = scene.get("v1/findings").body["value"]

    assert len(listed) == len(HOSTILE) + 1
    for shown in listed:
        path = shown["id"].removeprefix("/")
        as_the_page_asks = quote(path).replace("%25", "%2525")
        assert scene.get(f"v1/findings/{as_the_page_asks}").body["id"] == shown["id"]
        assert scene.get(f"v1/findings/{as_the_page_asks}/lastChange").body["change"], shown["id"]
        for written in (quote(path), quote(path, safe=""), quote(path.upper())):
            alone = scene.get(f"v1/findings/{written}")
            if DECODED_TWICE.search(shown["name"]):
                assert alone.status == 404
            else:
                assert alone.status == 200, written
                assert {name: alone.body[name] for name in shown} == shown


def test_p10_hostile_names_are_text_in_a_sheet(scene: Scene) -> None:
    """Through Azurite and host, page by page, read back by another's reader of CSV."""
    listed = scene.get("v1/findings").body["value"]
    key = {"x-functions-key": scene.host.keys.functions["api"]}
    link, rows = f"<{scene.host.url}/api/v1/findings?format=csv&top=2>", list[dict[str, str]]()

    while link:
        url = link.removeprefix("<").split(">")[0]
        request = Request(url, headers=key)  # noqa: S310 - our own URL
        with build_opener(ProxyHandler({})).open(request, timeout=20) as answer:
            text, link = answer.read().decode("utf-8-sig"), answer.headers["link"] or ""
        rows += csv.DictReader(io.StringIO(text, newline=""), strict=True)

    assert [row["id"] for row in rows] == [
        re.sub("[\u2028\u2029]", " ", shown["id"]) for shown in listed
    ]
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert not [cell for cell in cells if CONTROL.search(cell)]
    assert any(row["location"].startswith("'=HYPERLINK") for row in rows)


def test_p10_hostile_names_neither_break_a_log_line_nor_begin_one(scene: Scene) -> None:
    """Alert rules count lines: a name must not be able to add one, or hide one."""
    lines = [line for line in scene.host.output() if '"event":' in line]

    events = [json.loads(line) for line in lines]
    changes = [event for event in events if event["event"] == "cmk.change"]
    assert len(changes) == len(scene.storage.feed())
    assert not [event for event in events if event.get("type", "").endswith("resolved")]
    assert all(len(line.encode()) <= 8192 for line in lines)
    assert all(line.isascii() and line.isprintable() for line in lines)


def test_p4_p10_hostile_names_are_no_change_at_every_scan(scene: Scene) -> None:
    """What is replaced when it is stored must not differ from what comes at the next scan."""
    before = scene.storage.rows("cmkfindings")

    scene.scan()

    assert scene.storage.rows("cmkfindings") == before


def test_p10_a_filter_cannot_reach_out_of_its_place(scene: Scene) -> None:
    """What is asked for ends up in a query of the table service."""
    for verdict in ("compliant", "unknown"):
        found = scene.get("v1/findings", verdict=verdict).body["value"]
        assert {one["verdict"] for one in found} == {verdict}
    for name in ("verdict", "kind", "subscription", "skipToken", "top"):
        answer = scene.get(f"v1/findings?{urlencode({name: "compliant' or '1' eq '1"})}")
        assert (answer.status, answer.body["error"]["target"]) == (400, name)


@pytest.mark.long
def test_p10_the_words_of_an_error_are_not_repeated(open_scene: OpenScene) -> None:
    """An error's text comes from whoever answered, which need not be Azure."""
    text = "</script><script>alert(1)</script>"
    scene = open_scene(estate_of({"chat": CMK}, {"lab": MICROSOFT}))
    said = f"perform action 'Microsoft.X/{text}/read' {text}"
    scene.simulator.faults.add(Fault(path=accounts_of(1), then=arm_error(403, text, said)))

    scene.scan()

    (gap,) = scene.status()["gaps"]
    assert gap["missingAction"] == "Microsoft.CognitiveServices/accounts/read"
    written = json.dumps(scene.storage.everything(), default=str) + "\n".join(scene.host.output())
    assert "alert(1)" not in written


@pytest.mark.long
def test_p10_long_names_stay_within_a_log_line(open_scene: OpenScene) -> None:
    """A line that is cut by whoever collects it is no JSON any more, and counts for nothing."""
    estate = estate_of({"chat": CMK})
    subscription = estate.subscription(sub_id(1))
    subscription.name = "N" * 6000
    # Each of these characters takes six in JSON.
    kept = ("owner", "team", "application", "environment", "costCenter")
    tags = dict.fromkeys(kept, "\u2028" * 256)
    key = dict.fromkeys(("keyName", "keyVersion", "keyVaultUri"), "\u2028" * 1024)
    encryption = {"keySource": "\u2028" * 1024, "keyVaultProperties": key}
    subscription.add_account(
        AccountSpec(name="search", group="g" * 90, encryption=encryption, tags=tags)
    )
    scene = open_scene(estate)

    scene.scan()

    lines = [line for line in scene.host.output() if '"event":' in line]
    assert len([json.loads(line) for line in lines]) == len(lines) >= 3
    assert max(len(line) for line in lines) <= 8192
    assert any(f"{'g' * 90}/providers" in line for line in lines)
