"""A plan in the hands of others: Microsoft's az command carries it out, its compiler reads it."""

import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest

from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.bicep import literal
from cmk_check.core.remediation.portal import render_portal
from cmk_check.core.remediation.terraform import render_terraform
from local.simulator import AccountSpec, RequestRecord, VaultSpec
from tests.fakes.broken_keys import KEYS_IN_TROUBLE, in_hsm, key_plan_of
from tests.fakes.remediation import (
    BARE,
    CLIENT,
    NO_KEY,
    OLD_VAULT,
    TENANT,
    Watched,
    finding_of,
    planned,
    template_of,
)
from tests.functional import terminal_kit
from tests.functional.az_kit import VERSION_CHECK, parsed_by_az
from tests.functional.conftest import OpenAz, OpenScene
from tests.functional.estate_kit import MICROSOFT, estate_of, next_second, sub_id
from tests.guard.infra.bicep_kit import Bicep
from tests.unit.core.remediation.test_key_script import CASES, script_of, scripted

pytestmark = pytest.mark.long

STALE: Final = {"keyVaultProperties": {"identityClientId": CLIENT, "keyVersion": "0123456789"}}
PINNED: Final = {
    "keySource": "Microsoft.KeyVault",
    "keyVaultProperties": {
        "keyVaultUri": "https://kv-old.vault.azure.net/",
        "keyVersion": "0123456789",
    },
}
FOUNDRY: Final = finding_of(
    kind="AIServices", identity_type="UserAssigned", identity_client_id=CLIENT
)
# Latin and what controls text, the punctuation that turns and joins it, the highest planes.
ODD: Final = (
    (0, 0x300),
    (0x2000, 0x2070),
    (0xFDD0, 0xFE10),
    (0x1F510, 0x1F520),
    (0x10FFF0, 0x110000),
)
WRONG: Final = [["keyvault", "show", "--nam"], ["rest", "--url=/x", "--query=]["]]
HOSTILE: Final = {"name": "-rf '$(touch ran)` \"${x}\u202e", "group": "--query=[ \\ é🔑"}


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bicep]:
    """Microsoft's compiler, in one process, with the rules that it has by default."""
    folder = tmp_path_factory.mktemp("plans")
    with Bicep(folder) as running:
        running.write("bicepconfig.json", "{}")
        yield running


OF_ACCOUNT: Final = "/providers/Microsoft.CognitiveServices/accounts"
VAULTS: Final = "/providers/Microsoft.KeyVault/vaults"
ASSIGNMENTS: Final = "/providers/Microsoft.Authorization/roleAssignments"
CHAT: Final = AccountSpec(name="chat", group="rg-test", encryption=MICROSOFT | STALE)
AGENTS: Final = AccountSpec(
    name="agents", group="rg (süd)", kind="AIServices", encryption=PINNED, identity="user:bot"
)


@pytest.mark.tools("az")
@pytest.mark.parametrize(
    ("spec", "vaults", "writes"),
    [
        pytest.param(
            CHAT,
            (),
            [
                f"PATCH {OF_ACCOUNT}/chat",
                f"PUT {VAULTS}/{{vault}}",
                f"PUT {VAULTS}/{{vault}}/keys/{{key}}",
                f"PUT {VAULTS}/{{vault}}/keys/{{key}}{ASSIGNMENTS}/{{id}}",
                f"PATCH {OF_ACCOUNT}/chat",
            ],
            id="without an identity",
        ),
        pytest.param(
            AGENTS,
            (VaultSpec(name="kv-old", group="rg-vaults"),),
            [
                f"PUT {VAULTS}/kv-old/keys/{{key}}",
                f"PUT {VAULTS}/kv-old/accessPolicies/add",
                f"PATCH {OF_ACCOUNT}/agents",
            ],
            id="naming a vault but no key",
        ),
    ],
)
def test_az_carries_a_plan_out_and_the_next_scan_closes_the_finding(
    open_scene: OpenScene,
    open_az: OpenAz,
    spec: AccountSpec,
    vaults: tuple[VaultSpec, ...],
    writes: list[str],
) -> None:
    """From violated to resolved, with nothing of ours but the script in between."""
    estate = estate_of({})
    subscription = estate.subscription(sub_id(1))
    subscription.add_account(spec)
    for vault in vaults:
        subscription.vaults.add(vault)
    account = subscription.accounts[spec.name]
    scene = open_scene(estate, CMK_KEY_HEALTH="on")
    environment = scene.simulator.environment()
    scene.scan()
    first = scene.news()

    plan = terminal_kit.run("plan", account.id, environment=environment)
    az = open_az(scene.simulator)
    az.sign_in(estate.administrator)
    script = az.folder / "plan.sh"
    script.write_text(plan.out)
    ended = az.run(script)
    place = ("--subscription", sub_id(1), "--resource-group", spec.group, "--name", spec.name)
    shown = az("cognitiveservices", "account", "show", *place)
    strayed = az.strayed
    file = az.folder / "shown.json"
    file.write_text(json.dumps(shown))
    checked = terminal_kit.run("check", str(file), "--format", "json", environment={})
    next_second()
    scene.scan()
    again = terminal_kit.run("plan", account.id, environment=environment)

    assert ("account.violated", spec.name) in first
    assert plan.code == 1, plan.err
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    assert checked.code == 0
    assert [each["verdict"] for each in json.loads(checked.out)["accounts"]] == ["compliant"]
    assert scene.news() == [("account.resolved", spec.name)]
    assert scene.verdicts() == {spec.name: "compliant"}
    assert scene.findings()[spec.name]["keyHealth"]["state"] == "healthy"
    assert (again.code, again.out) == (0, "")
    assert "there is nothing to do" in again.err
    # What was left of another key is gone: the client id of one, the version of the other.
    document: Any = account.document()
    key = document["properties"]["encryption"]["keyVaultProperties"]
    user = {"identityClientId": key["identityClientId"]} if spec is AGENTS else {}
    (used,) = subscription.vaults.all
    uri = used.find("properties.vaultUri")
    assert key == {"keyVersion": "", "keyVaultUri": uri, "keyName": used.keys[0].name} | user
    assert CLIENT not in key.values()
    only_read = {"GET", "POST"}  # the one POST is a query, for vaults by name
    sent = [each for each in scene.simulator.requests if each.method not in only_read]
    assert [_shape(each) for each in sent] == writes
    assert {each.status for each in sent} <= {200, 201}
    assert all("AZURECLI/" in each.headers["user-agent"] for each in sent)
    assert strayed <= {VERSION_CHECK}


def _shape(request: RequestRecord) -> str:
    """Return what was written, without what the plan or az makes up: names and GUIDs."""
    path = re.sub(r"/vaults/kv-cmk-[0-9a-f]+", "/vaults/{vault}", request.path)
    path = re.sub(r"/keys/cmk-[0-9a-f]+", "/keys/{key}", path)
    path = re.sub(r"(?<=/roleAssignments/)[0-9a-f-]{36}$", "{id}", path)
    return f"{request.method} {re.sub('^/subscriptions/[^/]+/resourceGroups/[^/]+', '', path)}"


@pytest.mark.tools("az")
def test_every_command_of_every_plan_is_one_that_az_can_parse(tmp_path: Path) -> None:
    """A misspelt option would be found by whoever has to mend an account or a key tonight."""
    commands = _commands(tmp_path)

    *parsed, misspelt, no_query = parsed_by_az([*commands, *WRONG], tmp_path)

    wrong = {" ".join(w): p for w, p in zip(commands, parsed, strict=True) if "error" in p}
    assert wrong == {}
    assert "error" in misspelt
    assert "error" in no_query


@pytest.mark.tools("az")
def test_p10_az_takes_a_hostile_name_for_a_value(tmp_path: Path) -> None:
    """A leading dash, quotes and blanks reach the place where az keeps the name."""
    watched = Watched(tmp_path, BARE)
    script = render_az(planned(finding_of(**HOSTILE)))

    calls = watched.run(script, FAIL_AT="4").calls[1:]

    for parsed in parsed_by_az([list(call) for call in calls], tmp_path):
        values = parsed["values"]
        assert (values["account_name"], values["resource_group_name"]) == tuple(HOSTILE.values())
    assert len(calls) == 3
    assert watched.get("ran") is None


def _commands(folder: Path) -> list[list[str]]:
    """Return every command of plans of every form, as a shell gives it to az."""
    system = finding_of(identity_type="SystemAssigned")
    user = finding_of(identity_type="UserAssigned")
    old = BARE | OLD_VAULT
    runs = (
        (planned(finding_of(), tenant_id=TENANT), BARE),
        (planned(system, vault="kv-old"), old | {"identity": "SystemAssigned"}),
        (planned(user, vault="kv-old"), old | {"identity": "UserAssigned", "clients": CLIENT}),
        (planned(finding_of(**NO_KEY), vault=_vault_id(), key="our-key"), old | {"roles": "true"}),
    )
    calls: dict[tuple[str, ...], None] = {
        ("login", "--tenant", TENANT): None,
        ("cloud", "set", "--name", "AzureUSGovernment"): None,
        ("cloud", "set", "--name", "AzureChinaCloud"): None,
    }
    for number, (plan, state) in enumerate(runs):
        watched = Watched(folder / str(number), state)
        ended = watched.run(render_az(plan))
        assert ended.code == 0, ended.err
        calls |= dict.fromkeys(ended.calls)
        of_head = watched.run(_of_head(template_of(plan)))
        calls |= dict.fromkeys(of_head.calls)
        texts = render_terraform(plan) + render_portal(plan, "https://portal.azure.com", "vault")
        in_texts = watched.run("\n".join(re.findall(r"\baz cognitiveservices .*", texts)))
        assert in_texts.calls
        calls |= dict.fromkeys(in_texts.calls)
    for what, case in CASES.items():
        ended = scripted(folder / what, case, script_of(KEYS_IN_TROUBLE[what]))
        calls |= dict.fromkeys(ended.calls)
    in_hsm_too = script_of(in_hsm(KEYS_IN_TROUBLE["key gone"]))
    calls |= dict.fromkeys(scripted(folder / "hsm", CASES["key gone"], in_hsm_too).calls)
    return [list(call) for call in calls]


def _vault_id() -> str:
    place = f"/subscriptions/{CLIENT}/resourceGroups/rg-keys"
    return f"{place}/providers/Microsoft.KeyVault/vaults/kv-old"


def _of_head(template: str) -> str:
    """Return the commands that stand in a template's head, as a script."""
    lines = [line[2:] for line in template.splitlines() if line.startswith("//   ")]
    script = "\n".join(line for line in lines if not line.startswith("   Once"))
    names = ("SUBSCRIPTION", "GROUP", "ACCOUNT", "VAULT_SUBSCRIPTION", "VAULT_GROUP", "VAULT")
    return "".join(f"{name}=x\n" for name in names) + script[: script.rindex(')"') + 2]


@pytest.mark.parametrize(
    "template",
    [
        pytest.param(template_of(planned(finding_of())), id="new vault"),
        pytest.param(template_of(planned(finding_of(**HOSTILE))), id="hostile names"),
        pytest.param(template_of(planned(FOUNDRY)), id="new vault, user-assigned"),
        pytest.param(
            template_of(planned(finding_of(identity_type="UserAssigned"), vault="kv-old")),
            id="old vault, user-assigned, not named",
        ),
        *(
            pytest.param(template_of(key_plan_of(KEYS_IN_TROUBLE[what])), id=what)
            for what in ("no role", "no policy", "small")
        ),
    ],
)
def test_the_compiler_takes_every_template_without_a_word(compiler: Bicep, template: str) -> None:
    """A misspelt property is a warning alone, and a vault without purge protection."""
    assert _compiled(compiler, template)["resources"]


def test_p10_the_compiler_sees_any_text_as_one_literal(compiler: Bicep) -> None:
    """Every way to put together what the language gives a meaning, and every odd character."""
    marks = ("\\", "'", "$", "{", "}", "u", "\n")
    texts = ["".join(text) for size in range(4) for text in product(marks, repeat=size)]
    texts += [chr(code) for span in ODD for code in range(*span)]
    items = "".join(f"  {literal(text)}\n" for text in texts)

    compiled = _compiled(compiler, f"output all array = [\n{items}]\n")

    assert [_plain(text) for text in compiled["outputs"]["all"]["value"]] == texts


def _compiled(compiler: Bicep, template: str) -> Any:  # noqa: ANN401 - ARM's JSON
    """Compile a template; not even a warning is let pass."""
    compiled, said = compiler.compiled(compiler.write(f"{abs(hash(template))}.bicep", template))
    assert said == []
    return compiled


def _plain(text: str) -> str:
    """Take off what keeps a text that begins like an expression from being one."""
    return text[1:] if text.startswith("[[") else text
