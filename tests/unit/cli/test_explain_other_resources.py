"""``explain``: what is not an account is out of scope, and is said to be."""

import json

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app

SUBSCRIPTION = "/subscriptions/8D3C0000-0000-0000-0000-000000000001"
PROVIDER = "providers/Microsoft.CognitiveServices"
ACCOUNT = f"{SUBSCRIPTION}/resourceGroups/rg/{PROVIDER}/accounts/chat"


def _explain(given: object) -> Result:
    return CliRunner().invoke(app, ["explain", "-"], input=json.dumps(given).encode())


@pytest.mark.parametrize(
    ("resource_id", "message"),
    [
        (
            f"{SUBSCRIPTION}/{PROVIDER}/locations/westeurope/resourceGroups/rg/deletedAccounts/chat",
            "A deleted account is not judged.",
        ),
        (
            f"{ACCOUNT}/projects/p",
            "A project is not judged: judge its account, whose key it uses.",
        ),
        (
            f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/s",
            (
                "Only accounts of Microsoft.CognitiveServices are judged, and this is a "
                "microsoft.storage/storageaccounts."
            ),
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
    assert explained["message"] == message
    assert "0 accounts judged" in result.stderr


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"code": "AuthorizationFailed", "message": "No."}}, "AuthorizationFailed: No"),
        ({"Error": {"Code": "A", "Message": "No"}, "id": ACCOUNT}, "A: No"),
        ({"odata.error": {"code": "A", "message": {"value": "No"}}}, "A"),
        ({"error": {}}, "without a message"),
        (
            {"error": "invalid_grant", "error_description": "AADSTS1: No."},
            "invalid_grant: AADSTS1: No",
        ),
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
    good = {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyName": "k"}}
    result = _explain(
        [
            {"id": ACCOUNT, "kind": "OpenAI", "properties": {"encryption": good}},
            {"error": {"code": "NotFound", "message": "No."}},
        ]
    )

    verdicts = [(each["verdict"], each["reason"]) for each in json.loads(result.stdout)]
    assert (result.exit_code, verdicts[1]) == (3, ("unknown", "malformed"))
    assert "(it is an error of Azure: NotFound: No)" in json.loads(result.stdout)[1]["message"]
