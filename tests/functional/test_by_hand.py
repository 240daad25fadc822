"""What a person does by hand, done with Microsoft's az: our page, and the published recipe."""

import json
import re
from typing import Any, Final

import pytest

from local.simulator import AccountSpec, Simulator
from tests.functional.az_kit import VERSION_CHECK
from tests.functional.conftest import OpenAz
from tests.functional.estate_kit import MICROSOFT
from tests.guard.documents import ROOT, section

pytestmark = pytest.mark.tools("az")

PAGE: Final = (ROOT / "docs/by-hand.md").read_text()
PRODUCTION: Final = "c4a9e1d7-52b0-4f3c-8e6d-93f1b7a05c28"
BOT: Final = AccountSpec(
    name="translator",
    group="rg (süd)",
    kind="AIServices",
    encryption=MICROSOFT,
    identity="user:bot",
)


def blocks() -> list[str]:
    """Return the commands of the page, block by block."""
    parts = ("What to have ready", "Check with az", "Fix")
    text = "".join(section(PAGE, heading) for heading in parts)
    return re.findall(r"(?ms)^```sh\n(.*?)^```", text)


@pytest.mark.parametrize(
    ("account", "group", "kind", "said"),
    [
        pytest.param("fraud-scoring", "rg-fraud-prod", "OpenAI", '"SystemAssigned"', id="none"),
        pytest.param(
            "contract-summaries",
            "rg-legal-prod",
            "AIServices",
            "The account has an identity.",
            id="a system-assigned one, and a version of another key",
        ),
        pytest.param(BOT.name, BOT.group, BOT.kind, "/bot", id="a user-assigned one"),
    ],
)
def test_who_follows_the_page_finds_the_violation_and_ends_it(
    open_az: OpenAz, account: str, group: str, kind: str, said: str
) -> None:
    """A command that fails half-way leaves a vault that can never be purged."""
    names = {"your-subscription-id": PRODUCTION, "your-resource-group": f"'{group}'"}
    text = "".join(f"{block}echo '==' $?\n" for block in blocks())
    for name, value in (names | {"your-account": account}).items():
        text = text.replace(name, value)

    with Simulator("sample") as simulator:
        production = simulator.estate.subscription(PRODUCTION)
        production.add_account(BOT)
        az = open_az(simulator)
        az.sign_in(simulator.estate.administrator)
        script = az.folder / "by-hand.sh"
        script.write_text(text)
        ended = az.run(script)
        identity: Any = production.accounts[account].find("identity")

    _, listed, shown, everywhere, *_, last = (
        part.strip() for part in re.split(r"(?m)^== \d+$", ended.stdout)[:-1]
    )
    # Only the loop meets a subscription that nobody may read.
    assert re.findall(r"(?m)^== (\d+)$", ended.stdout).count("0") == len(blocks()) - 1, ended.stderr
    assert ended.stderr.count("ERROR: (AuthorizationFailed)") == 1
    assert f"{account} " in listed
    before = json.loads(shown)
    assert (before["kind"], before["keySource"]) == (kind, "Microsoft.CognitiveServices")
    assert f"/accounts/{account}\t{kind}\tMicrosoft.CognitiveServices\t" in everywhere
    assert said in ended.stdout
    users = (identity.get("userAssignedIdentities") or {}).values()
    assert json.loads(last) == {
        "keySource": "Microsoft.KeyVault",
        "keyVaultProperties": {
            "identityClientId": next((user["clientId"] for user in users), None),
            "keyName": f"cmk-{account}",
            "keyVaultUri": f"https://kv-{account}.vault.azure.net/",
            "keyVersion": "",
        },
    }
    assert az.strayed <= {VERSION_CHECK}
