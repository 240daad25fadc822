"""Names, tags and messages from Azure are text, whatever they look like."""

import json
import re
from collections.abc import Iterator

import pytest

from local.azurite import Azurite
from local.simulator import AccountSpec, Fault, arm_error
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
IN_AN_ERROR = "</script><script>refused(1)</script>"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


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
    estate = estate_of({}, {"lab": CMK}, {"unread": MICROSOFT})
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
    said = f"perform action 'Microsoft.X/{IN_AN_ERROR}/read' {IN_AN_ERROR}"
    with Scene(estate, _storage, azurite) as scene:
        refusal = Fault(path=accounts_of(3), then=arm_error(403, IN_AN_ERROR, said))
        scene.simulator.faults.add(refusal)
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


def test_p10_hostile_names_neither_break_a_log_line_nor_begin_one(scene: Scene) -> None:
    """Alert rules count lines: a name must not be able to add one, or hide one."""
    lines = [line for line in scene.host.output() if '"event":' in line]

    events = [json.loads(line) for line in lines]
    changes = [event for event in events if event["event"] == "cmk.change"]
    assert len(changes) == len(scene.storage.feed())
    assert not [event for event in events if event.get("type", "").endswith("resolved")]
    assert all(len(line.encode()) <= 8192 for line in lines)
    assert all(line.isascii() and line.isprintable() for line in lines)
    # What is replaced when it is stored must not differ from what comes at the next scan (P4).
    before = scene.storage.rows("cmkfindings")
    scene.scan()
    assert scene.storage.rows("cmkfindings") == before


def test_p10_the_words_of_an_error_are_not_repeated(scene: Scene) -> None:
    """An error's text comes from whoever answered, which need not be Azure."""
    (gap,) = scene.status()["gaps"]

    assert gap["missingAction"] == "Microsoft.CognitiveServices/accounts/read"
    written = json.dumps(scene.storage.everything(), default=str) + "\n".join(scene.host.output())
    assert IN_AN_ERROR not in written
