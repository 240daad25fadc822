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


def test_an_error_of_azure_is_no_account_and_no_green() -> None:
    """A redirected command that failed must not pass for "nothing to judge"."""
    result = _explain({"error": {"code": "AuthorizationFailed", "message": "No."}})

    assert result.exit_code == 2
    assert "an error of Azure" in result.stderr
    assert result.stdout == ""
