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
# The names of the published recipe, and the words of its commands.
GROUP: Final = "cloud-shell-storage-westeurope"
VAULT: Final = "tm-project6-vault"
KEY: Final = "tm-openai-key"
RECIPE_VAULT: Final = (
    *("--enabled-for-deployment", "true", "--enabled-for-template-deployment", "true"),
    *("--enable-purge-protection", "true", "--retention-days", "30"),
    *("--enable-rbac-authorization", "false"),
)
RECIPE_KEY: Final = (
    *("--name", KEY, "--kty", "RSA", "--size", "2048", "--protection", "software"),
    *("--ops", "decrypt", "encrypt", "sign", "unwrapKey", "verify", "wrapKey"),
    *("--disabled", "false"),
)
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


def test_the_published_recipe_ends_with_an_error_as_the_page_says(open_az: OpenAz) -> None:
    """Whoever follows it must learn why it fails, and not that the rule cannot be fulfilled.

    Its commands, with its names but for the vault, which exists in the sample estate.
    """
    place = ("--name", "tm-openai-project5-instance", "--resource-group", GROUP)
    vault = ("--name", VAULT, "--resource-group", GROUP, "--location", "westeurope")
    policy = ("--key-permissions", "create", "get", "recover", "unwrapKey", "wrapKey")
    with Simulator("sample") as simulator:
        az = open_az(simulator)
        az.sign_in(simulator.estate.administrator)
        az("account", "set", "--subscription", PRODUCTION)
        made = az("keyvault", "create", *vault, *RECIPE_VAULT)
        (creator,) = made["properties"]["accessPolicies"]
        az("keyvault", "set-policy", "--name", VAULT, "--object-id", creator["objectId"], *policy)
        key = az("keyvault", "key", "create", "--vault-name", VAULT, *RECIPE_KEY)
        version = key["key"]["kid"].rpartition("/")[2]
        named = {"identityClientId": None, "keyName": KEY, "keyVersion": version}
        named["keyVaultUri"] = f"https://{VAULT}.vault.azure.net"
        wanted = json.dumps({"keySource": "Microsoft.KeyVault", "keyVaultProperties": named})
        account = ("cognitiveservices", "account")
        refusal = az.refusal(*account, "update", *place, "--encryption", wanted)
        principal = az(*account, "show", *place)["identity"]["principalId"]
        az("keyvault", "set-policy", "--name", VAULT, "--object-id", principal, *policy)
        pinned = az(*account, "update", *place, "--encryption", wanted)

    assert "KeyVaultProperties is invalid" in refusal
    assert creator["objectId"] != principal
    assert pinned["properties"]["encryption"]["keyVaultProperties"]["keyVersion"] == version
