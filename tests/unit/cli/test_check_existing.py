"""``check``: existing accounts, as ``az cognitiveservices account show`` and ``list`` print them."""

# ruff: noqa: E501 - a document in a line
import json
from typing import Final

import pytest

from cmk_check.core.enums import Reason
from cmk_check.core.reasons.catalogue import VERDICT_REASONS
from tests.unit.cli.check_kit import (
    EXISTING_ID,
    GREEN,
    KEY,
    OPEN,
    RED,
    STORAGE,
    Check,
    existing,
    named,
)

MICROSOFT: Final = {"keySource": "Microsoft.CognitiveServices"}
GOOD, BAD, ODD = existing(KEY), existing(MICROSOFT), existing({"keySource": "Somewhere.Else"})
SPEECH: Final = existing(kind="SpeechServices")
NO_KIND: Final = existing(KEY, kind=None)
MORE: Final = {"nextLink": "https://management.azure.com/x"}
DELETED: Final = "/subscriptions/s/providers/Microsoft.CognitiveServices/locations/x/resourceGroups/rg/deletedAccounts/chat"
EXISTING: Final[dict[str, tuple[object, list[str]]]] = {
    "under a key": (GOOD, [GREEN]),
    "under Microsoft's keys": (BAD, [RED]),
    "never configured": (existing(), [RED]),
    "an unknown source": (ODD, [OPEN]),
    "text like an expression": (existing(named("[x()]")), [OPEN]),
    "no kind": (NO_KIND, [OPEN]),
    "no properties": (existing(properties=None), [OPEN]),
    "a list": ([ODD, BAD, GOOD], [OPEN, RED, GREEN]),
    "an empty list": ([], [OPEN]),
    "a page": ({"value": [GOOD]}, [GREEN]),
    "an empty page": ({"value": []}, [OPEN]),
    "a page of more": ({"value": [GOOD], **MORE}, [GREEN, OPEN]),
    "a bad page of more": ({"value": [BAD], **MORE}, [RED, OPEN]),
    "another kind": (SPEECH, []),
    "another kind in a list": ([SPEECH, GOOD], [GREEN]),
    "a deleted account": ([existing(id=DELETED), GOOD], [GREEN]),
    "an id that ends with a slash": ([existing(id=f"{EXISTING_ID}/")], [OPEN]),
    "a project": ([existing(id=f"{EXISTING_ID}/projects/p")], []),
    "another resource": ([existing(id=STORAGE)], []),
    "no id in a list": ([existing(id=None), GOOD], [OPEN, GREEN]),
    "an id that is a name": ([existing(id="chat"), GOOD], [OPEN, GREEN]),
    "an account whose id is a name": (existing(id="chat"), [OPEN]),
    "another kind without an id": ([SPEECH | {"id": None}, GOOD], [OPEN, GREEN]),
    "an entry that is no object": ([GOOD, None, 1, []], [GREEN, OPEN, OPEN, OPEN]),
}  # fmt: skip


@pytest.mark.parametrize("name", EXISTING)
def test_p1_p7_an_existing_account_is_judged_as_a_scan_would(check: Check, name: str) -> None:
    """A pipeline stops on the worst; accounts of further pages are not compliant unseen (P2)."""
    document, verdicts = EXISTING[name]

    result = check("a.json", "--format", "json", a=document)

    output = json.loads(result.stdout)
    assert [each["verdict"] for each in output["accounts"]] == verdicts
    assert result.exit_code == (1 if RED in verdicts else 3 if OPEN in verdicts else 0)
    assert bool(output["empty"]) == (not verdicts)


def test_an_existing_account_has_the_fields_and_sentences_of_its_finding(check: Check) -> None:
    """Whoever compares `az` with a scan must see the same reason and what to do."""
    pages = {"value": [BAD, existing(named("../x")), {"kind": "OpenAI"}], **MORE}

    result = check("a.json", "--format", "json", a=pages)

    rows = json.loads(result.stdout)["accounts"]
    assert rows[0] == {
        "file": "a.json",
        "line": 3,
        "id": f"a.json#{EXISTING_ID.lower()}#Chat",
        "address": EXISTING_ID.lower(),
        "name": "Chat",
        "kind": "OpenAI",
        "verdict": RED,
        "reason": "microsoft_managed_key",
        "message": VERDICT_REASONS[Reason.MICROSOFT_MANAGED_KEY].text(),
    }
    assert {row["reason"] for row in rows[1:]} == {"malformed"}
    assert [(row["name"], row["address"]) for row in rows[2:]] == [
        ("[2]", "[2]"),
        ("nextLink", "nextLink"),
    ]
    said = [row["message"] for row in rows]
    assert "keyName is not the name of a key" in said[1]
    assert "no usable id" in said[2]
    assert "provide all pages" in said[3].lower()


def test_an_error_in_a_list_is_unknown_and_said_to_be_one(check: Check) -> None:
    """The other accounts keep their verdicts, and the list is not green."""
    document = [GOOD, {"error": {"code": "NotFound", "message": "No."}}]

    result = check("a.json", "--format", "json", a=document)

    rows = json.loads(result.stdout)["accounts"]
    assert (result.exit_code, rows[0]["verdict"], rows[1]["reason"]) == (3, GREEN, "malformed")
    assert "(it is an error of Azure: NotFound: No)" in rows[1]["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"code": "AuthorizationFailed", "message": "No."}}, "AuthorizationFailed: No"),
        ({"Error": {"Code": "A", "Message": "No"}, "id": EXISTING_ID}, "A: No"),
        ({"odata.error": {"code": "A", "message": {"value": "No"}}}, "A"),
        ({"error": "grant", "error_description": "AADSTS1: No."}, "grant: AADSTS1: No"),
        ({"code": "A", "message": "No"}, "A: No"),
        ({"statusCode": 401, "message": "No\x1b"}, "No\ufffd"),
        (b"ERROR: Please run 'az login'\nTry", "Please run 'az login'"),
    ],
)
def test_an_error_of_azure_is_no_account_and_no_green(
    check: Check, body: object, said: str
) -> None:
    """A redirected command that failed must not pass for "nothing to judge"."""
    result = check("a.json", "--format", "json", a=body)

    assert (result.exit_code, json.loads(result.stdout)["accounts"]) == (2, [])
    assert f"the command that wrote this failed ({said}), so " in result.stderr
