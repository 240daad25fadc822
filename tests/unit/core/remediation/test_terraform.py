"""A plan as Terraform: known arguments, one literal for each name, and a compliant account."""

import json
import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import assume, given
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.core.remediation.plan import Plan
from cmk_check.core.remediation.terraform import literal, render_terraform
from cmk_check.core.resource_id import AccountId
from tests.fakes.broken_keys import KEYS_IN_TROUBLE, in_hsm, key_plan_of
from tests.fakes.remediation import CLIENT, NO_KEY, TENANT, finding_of, planned
from tests.fakes.terraform import blocks_of, parsed, plan_document, unknown_arguments
from tests.unit.core.remediation.test_names import ANY

VAULT: Final = (
    f"/subscriptions/{CLIENT}/resourceGroups/rg-keys/providers/Microsoft.KeyVault/vaults/kv-old"
)
USER: Final = finding_of(identity_type="UserAssigned", identity_client_id=CLIENT)
PLANS: Final[dict[str, Plan]] = {
    "new vault": planned(finding_of(), tenant_id=TENANT),
    "new vault, user": planned(finding_of(kind="AIServices", identity_type="UserAssigned")),
    "old vault": planned(finding_of(identity_type="SystemAssigned"), vault="kv-old"),
    "old vault, its key, user": planned(USER, vault=VAULT, key="our-key"),
    "vault named without a key": planned(
        finding_of(**NO_KEY, key_vault_uri="https://kv-a.vault.x")
    ),
    "in an HSM": key_plan_of(in_hsm(KEYS_IN_TROUBLE["key disabled"])),
    **{what: key_plan_of(health) for what, health in KEYS_IN_TROUBLE.items()},
}
KEY: Final = "azurerm_cognitive_account_customer_managed_key"


def _checked(folder: Path, document: object) -> list[str]:
    """Return what ``check`` says of the accounts of a plan; a loss has a code of its own."""
    file = folder / "plan.json"
    file.write_text(json.dumps(document))
    ended = CliRunner().invoke(app, ["check", str(file), "--format", "json"])
    accounts = json.loads(ended.stdout)["accounts"]
    assert ended.exit_code == 0, accounts
    return [each["verdict"] for each in accounts]


@pytest.mark.parametrize("what", PLANS)
def test_the_provider_has_each_argument_and_check_finds_the_account_compliant(
    tmp_path: Path, what: str
) -> None:
    """A file that Terraform rejects, or that loses the key, is found here and not at apply."""
    text = render_terraform(PLANS[what])

    assert unknown_arguments(text) == []
    assert _checked(tmp_path, plan_document(text)) == ["compliant"]


@pytest.mark.parametrize("what", PLANS)
def test_inside_terraform_the_block_does_the_same_without_the_last_resource(
    tmp_path: Path, what: str
) -> None:
    """Two resources that set one key undo each other."""
    text = render_terraform(PLANS[what])
    block = re.search(r"(?ms)^#\n((?:#      .*\n)+)#\n#    Also set", text)
    assert block is not None
    inside = re.sub("(?m)^#      ", "  ", block[1])
    account = (
        'name = "a"\nlocation = "l"\nresource_group_name = "g"\nkind = "OpenAI"\nsku_name = "S0"'
    )
    rest = re.sub(rf'(?ms)^resource "{KEY}".*?^}}$', "", text)
    rest = re.sub(r"(?ms)^import \{.*?^}$", "", rest)

    written = f'{rest}\nresource "azurerm_cognitive_account" "a" {{\n{account}\n{inside}}}\n'

    assert unknown_arguments(written) == []
    assert _checked(tmp_path, plan_document(written)) == ["compliant"]


def test_a_key_that_is_already_set_is_imported_and_stays_as_it_is() -> None:
    """The provider refuses to create what exists; adopting it must not move the account."""
    pinned = parsed(render_terraform(PLANS["account failed"]))
    follows = parsed(render_terraform(PLANS["older version"]))
    replaced = parsed(render_terraform(PLANS["small"]))

    for document in (pinned, follows, replaced):
        (adopted,) = document["import"]
        assert adopted["to"] == f"{KEY}.cmk"
        assert adopted["id"].endswith("/accounts/Chat")
    ids = [_arguments(each, KEY)["key_vault_key_id"] for each in (pinned, follows, replaced)]
    assert ids == [
        f"https://Safe.vault.azure.net/keys/cmk/{'0b' * 16}",
        "https://Safe.vault.azure.net/keys/cmk",
        "local.key_id",
    ]
    assert "import" not in parsed(render_terraform(PLANS["new vault"]))
    assert "import" in parsed(render_terraform(PLANS["vault named without a key"]))


@pytest.mark.parametrize(
    ("variable", "kinds"),
    [
        ({}, {"azurerm_key_vault_key", "azurerm_role_assignment"}),
        ({"uses_policies": True}, {"azurerm_key_vault_key", "azurerm_key_vault_access_policy"}),
        ({"key_exists": True}, {"azurerm_role_assignment"}),
    ],
    ids=["roles, a new key", "policies", "an existing key"],
)
def test_an_existing_vault_keeps_its_way_of_granting_and_its_key(
    variable: dict[str, object], kinds: set[str]
) -> None:
    """A role in a vault with policies grants nothing, and an existing key is not created again."""
    document = plan_document(render_terraform(PLANS["old vault"]), **variable)

    created = {each["type"] for each in document["resource_changes"]}
    assert created == kinds | {"time_sleep", KEY}


@pytest.mark.parametrize("what", PLANS)
def test_nothing_that_protects_data_can_be_destroyed_or_purged_by_accident(what: str) -> None:
    """Destroying the key, or what names it, makes data unreadable or takes the key off."""
    document = parsed(render_terraform(PLANS[what]))

    for sort, kind, _, arguments in blocks_of(document):
        if sort == "resource" and kind in {KEY, "azurerm_key_vault", "azurerm_key_vault_key"}:
            assert arguments["lifecycle"] == [{"prevent_destroy": True}]
    (features,) = document["provider"][0]["azurerm"]["features"]
    assert all(block == dict.fromkeys(block, False) for (block,) in features.values())
    outside = document["variable"][0]["account_is_outside_terraform"]
    assert "default" not in outside
    assert outside["validation"][0]["condition"] == "var.account_is_outside_terraform"


@given(ANY)
def test_p10_an_hcl_literal_is_the_text_and_no_template(text: str) -> None:
    """Nothing in a name is an expression, a heredoc or the end of the literal."""
    written = literal(text)

    assert written.isprintable()
    assert re.fullmatch(r'"(?:[^"\\]|\\["\\]|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*"', written)
    assert parsed(f"a = {written}\n")["a"] == text.encode(errors="replace").decode()


@given(ANY, ANY)
def test_p10_a_file_differs_by_its_literals_and_words_of_commands_alone(
    name: str, group: str
) -> None:
    """A name can neither add a block nor end a comment."""
    account = finding_of().id.text.replace("chat", name).replace("rg-ai", group)
    assume(AccountId.parse(account) is not None)
    text = render_terraform(planned(finding_of(name=name, group=group)))
    plain = render_terraform(planned(finding_of()))

    lines = zip(text.splitlines(), plain.splitlines(), strict=True)
    own = re.compile(r"^(#.* --name=| *(name|resource_group_name|cognitive_account_id) +=)")
    assert all(line == other or own.match(other) for line, other in lines)


def _arguments(document: dict[str, object], wanted: str) -> dict[str, object]:
    return next(given for _, kind, _, given in blocks_of(document) if kind == wanted)
