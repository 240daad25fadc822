"""``explain``: what the rule says of the documents that people have at hand."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app
from cmk_check.config.settings import Settings
from cmk_check.core.enums import Reason
from cmk_check.core.reasons.catalogue import VERDICT_REASONS
from cmk_check.web import aspect_models

ID = (
    "/subscriptions/8D3C0000-0000-0000-0000-000000000001/resourceGroups/rg (x)/providers"
    "/Microsoft.CognitiveServices/accounts/Chat"
)
MICROSOFT = {"keySource": "Microsoft.CognitiveServices"}
KEY_VAULT = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyName": "cmk"}}
ODD = {"keySource": "Somewhere.Else"}


def _account(encryption: object = None, kind: str | None = "OpenAI") -> dict[str, Any]:
    return {"id": ID, "name": "Chat", "kind": kind, "properties": {"encryption": encryption}}


GOOD, BAD, UNKNOWN = _account(KEY_VAULT), _account(MICROSOFT), _account(ODD)
SPEECH = _account(None, "SpeechServices")


def _explain(given: object, *options: str) -> Result:
    data = given if isinstance(given, bytes) else json.dumps(given).encode()
    return CliRunner().invoke(app, ["explain", "-", *options], input=data)


def test_one_account_is_explained_as_an_object() -> None:
    """The fields of the API, in its order, ready for jq."""
    result = _explain(BAD)

    explained = json.loads(result.stdout)
    evidence = explained.pop("evidence")
    assert explained == {
        "id": ID.lower(),
        "name": "Chat",
        "kind": "OpenAI",
        "inScope": True,
        "verdict": "non_compliant",
        "reason": "microsoft_managed_key",
        "message": VERDICT_REASONS[Reason.MICROSOFT_MANAGED_KEY].text(),
        "ruleVersion": "1",
    }
    assert list(evidence) == [field.alias for field in aspect_models.Evidence.model_fields.values()]
    assert evidence["keySource"] == "Microsoft.CognitiveServices"
    assert result.stdout.startswith('{\n  "id"')
    assert (result.exit_code, result.stderr) == (
        1,
        f"cmk-check: fix it: cmk-check plan '{ID.lower()}' > fix.sh\n",
    )


def test_what_is_to_be_fixed_can_be_pasted_into_a_shell() -> None:
    """For several accounts, a plan of all; for an account of no subscription, there is none."""
    nowhere = {**BAD, "id": ID.replace("8D3C0000", "x")}

    assert _explain([BAD, BAD]).stderr == "cmk-check: fix them: cmk-check plan --all --out fixes\n"
    assert _explain([nowhere]).stderr == ""


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (GOOD, 0),
        ([], 3),
        ({"value": []}, 3),
        ([GOOD, UNKNOWN], 3),
        ([UNKNOWN, BAD, GOOD], 1),
        (SPEECH, 3),
        ([SPEECH, SPEECH], 3),
        ([SPEECH, GOOD], 0),
        ({}, 3),
        ([GOOD, None], 3),
        ({"value": [GOOD], "nextLink": "https://management.azure.com/..."}, 3),
        ({"value": [BAD], "nextLink": "https://management.azure.com/..."}, 1),
    ],
)
def test_the_exit_code_is_the_worst_of_it(given: dict[str, Any] | list[Any], code: int) -> None:
    """A pipeline stops on it; accounts of further pages are not compliant unseen (P2)."""
    result = _explain(given)

    is_list = isinstance(given, list) or "value" in given
    assert isinstance(json.loads(result.stdout), list) == is_list
    assert result.exit_code == code
    assert ("nextLink" in result.stderr) == (isinstance(given, dict) and "nextLink" in given)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "the list is empty"),
        ([SPEECH, SPEECH], "the input has no account of the kinds OpenAI, AIServices"),
        (SPEECH, "the input has no account of the kinds OpenAI, AIServices"),
    ],
    ids=["an empty list", "none in scope", "one out of scope"],
)
def test_that_nothing_was_judged_is_said(given: object, why: str) -> None:
    """A pipeline with the wrong subscription would be green (P1)."""
    result = _explain(given)

    assert result.stderr == (
        f"cmk-check: 0 accounts judged: {why}; check that `az` uses the right subscription.\n"
    )
    assert result.exit_code == 3
    assert _explain([SPEECH, GOOD]).stderr == ""


def test_the_kinds_are_those_of_the_settings_or_others() -> None:
    """Else the command line and the app would contradict each other; others are shown, too."""
    kinds = Settings.model_fields["kinds"].default
    explained = json.loads(_explain([_account(None, kind) for kind in kinds]).stdout)
    speech = json.loads(_explain(SPEECH).stdout)
    chosen = json.loads(_explain(SPEECH, "--kinds", "openai, speechservices").stdout)

    assert all(entry["inScope"] for entry in explained)
    assert (speech["id"], speech["inScope"]) == (ID.lower(), False)
    assert [speech[name] for name in ["verdict", "reason", "evidence"]] == [None] * 3
    assert ", ".join(kinds) in speech["message"]
    assert chosen["verdict"] == "non_compliant"


def test_a_misspelt_kind_is_a_usage_error_that_names_the_right_one() -> None:
    """Beside a good account of another kind, the violation would exit 0 (P1)."""
    result = _explain([GOOD, _account(None, "AIServices")], "--kinds", "OpenAI,AIService")

    assert result.exit_code == 2
    assert "AIServices instead of entry 2" in " ".join(result.stderr.split())


@pytest.mark.parametrize("entry", [{**BAD, "id": "chat"}, {**BAD, "id": None}, {"name": 1}, 1, []])
def test_p7_an_entry_without_a_usable_id_is_unknown(entry: object) -> None:
    """It costs only itself, and is shown."""
    result = _explain([entry, GOOD])

    first, second = json.loads(result.stdout)
    assert (first["id"], first["verdict"], first["reason"]) == (None, "unknown", "malformed")
    assert first["inScope"] is True
    assert "no usable id" in first["message"]
    assert second["verdict"] == "compliant"
    assert result.exit_code == 3


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16"], ids=["plain", "PowerShell 7", "PowerShell 5"]
)
def test_what_a_shell_wrote_is_read(tmp_path: Path, encoding: str) -> None:
    """`az ... > account.json` differs between shells, and people do not know."""
    path = tmp_path / "account.json"
    path.write_text(json.dumps({**BAD, "name": "é"}), encoding)

    result = CliRunner().invoke(app, ["explain", str(path)])

    assert json.loads(result.stdout)["verdict"] == "non_compliant"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the input is empty"),
        (b'{\n "id": 1,\n}', "line 2 column 9"),
        (
            b"ERROR: Please run 'az login'\nTry",
            "an error of Azure, not an account: Please run 'az login'. ",
        ),
        (b'{"a": NaN}', "NaN"),
        (b"[" * 100_000, "invalid JSON"),
        (b'"\xff"', "byte 1 is not utf-8"),
        (b"\xff\xfe\x00", "is not utf-16"),
        (b"null", "must be an object or a list"),
    ],
)
def test_input_that_cannot_be_used_is_said_so(data: bytes, said: str) -> None:
    """What is wrong, where, and what to do; nothing on the output, which may be piped on."""
    result = _explain(data)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("cmk-check: standard input: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    """A typing error must not look like an unknown account."""
    result = CliRunner().invoke(app, ["explain", str(tmp_path)])

    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be read" in result.stderr


def test_p10_a_hostile_name_cannot_steer_a_terminal() -> None:
    """Names come from whoever may create a resource."""
    hostile = "a\u202e\x9b31m\u2028b"
    result = _explain({**BAD, "id": None, "name": hostile, "kind": hostile})

    assert result.stdout.isascii()
    assert set(result.stdout) - {"\n"} == {c for c in result.stdout if c.isprintable()}


def test_without_its_packages_it_says_what_to_install() -> None:
    """A traceback of an import helps nobody."""
    code = "import sys; sys.modules['typer'] = None; import cmk_check.cli"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (2, "")
    assert "pipx install ." in run.stderr
    assert len(run.stderr.splitlines()) == 1


SUBSCRIPTION, _, _ = ID.partition("/resourceGroups")
DELETED = f"{SUBSCRIPTION}/providers/Microsoft.CognitiveServices/locations/x/resourceGroups/rg"
STORAGE = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/s"


@pytest.mark.parametrize(
    ("resource_id", "message"),
    [
        (f"{DELETED}/deletedAccounts/chat", "A deleted account is not judged."),
        (f"{ID}/projects/p", "A project is not judged: it uses the key of its account; judge "),
        (
            STORAGE,
            "Only accounts of Microsoft.CognitiveServices are judged, and this is a m",
        ),
    ],
)
def test_another_resource_is_out_of_scope_and_named(resource_id: str, message: str) -> None:
    """To call it a malformed account sends whoever asks to look for a fault that is not there."""
    entry = {"id": resource_id, "name": "chat", "kind": "OpenAI", "properties": {}}
    result = _explain([entry])

    (explained,) = json.loads(result.stdout)
    assert (explained["id"], explained["name"]) == (None, "chat")
    assert (explained["inScope"], explained["verdict"], explained["reason"]) == (False, None, None)
    assert explained["message"].startswith(message)
    assert "0 accounts judged" in result.stderr


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"code": "AuthorizationFailed", "message": "No."}}, "AuthorizationFailed: No"),
        ({"Error": {"Code": "A", "Message": "No"}, "id": ID}, "A: No"),
        ({"odata.error": {"code": "A", "message": {"value": "No"}}}, "A"),
        ({"error": {}}, "without a message"),
        ({"error": "grant", "error_description": "AADSTS1: No."}, "grant: AADSTS1: No"),
        ({"code": "A", "message": "No"}, "A: No"),
        ({"statusCode": 401, "message": "No\x1b"}, "No\ufffd"),
    ],
)
def test_an_error_of_azure_is_no_account_and_no_green(body: object, said: str) -> None:
    """A redirected command that failed must not pass for "nothing to judge"."""
    result = _explain(body)

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"this is an error of Azure, not an account: {said}. Fix it, and " in result.stderr


def test_an_error_in_a_list_is_unknown_and_said_to_be_one() -> None:
    """The other accounts keep their verdicts, and the list is not green."""
    result = _explain([GOOD, {"error": {"code": "NotFound", "message": "No."}}])

    verdicts = [(each["verdict"], each["reason"]) for each in json.loads(result.stdout)]
    assert (result.exit_code, verdicts[1]) == (3, ("unknown", "malformed"))
    assert "(it is an error of Azure: NotFound: No)" in json.loads(result.stdout)[1]["message"]
