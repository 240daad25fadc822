"""``check`` with Bicep: more exact, never greener, and safe with sources that nobody trusts."""

import json
import os
from pathlib import Path
from typing import Final

import pytest

from cmk_check.cli import bicep
from tests.unit.cli.check_kit import (
    GREEN,
    KEY,
    NEEDED,
    OPEN,
    RED,
    SCHEMA,
    Check,
    Json,
    account,
    nested,
    template,
)

CALLED: Final = "createObject('keySource','Microsoft.KeyVault','keyVaultProperties',createObject("
SWITCHED: Final = account(f"[if(parameters('enable'), {CALLED}'keyName','k')), null())]", **NEEDED)
ENABLE: Final[Json] = {"enable": {"type": "bool"}}
SWITCH: Final = {**template(SWITCHED, parameters=ENABLE), "contentVersion": "1.0.0.0"}
SOURCE: Final = """
param names array
param key string?
module each 'account.bicep' = [for name in names: { name: name, params: { name: name, key: key } }]
"""
MODULE: Final = """
param name string
param key string?
resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: resourceGroup().location
  kind: 'OpenAI'
  sku: { name: 'S0' }
  properties: {
    encryption: key == null ? null : {
      keySource: 'Microsoft.KeyVault'
      keyVaultProperties: { keyName: key, keyVaultUri: 'https://kv.vault.azure.net' }
    }
  }
}
"""


def _verdicts(result: str) -> list[str]:
    return [each["verdict"] for each in json.loads(result)["accounts"]]


def _values(**values: object) -> Json:
    given = {name: {"value": value} for name, value in values.items()}
    return {"$schema": f"{SCHEMA}Parameters.json#", "parameters": given}


@pytest.fixture
def engine(path: str, check: Check, monkeypatch: pytest.MonkeyPatch) -> Check:
    """The command, with the real Bicep."""
    monkeypatch.setenv("BICEP", path)
    return check


def test_an_expression_is_worked_out(engine: Check) -> None:
    """Most templates choose the key by a condition."""
    opposite = account(SWITCHED["properties"]["encryption"].replace("'enable'", "'off'"), **NEEDED)
    both = {**SWITCH, "resources": [SWITCHED, opposite | {"name": "other"}]}
    both["parameters"] = {**ENABLE, "off": {"type": "bool"}}
    files = {"main": both, "main.parameters": _values(enable=True, off=False, unused=1)}

    words = ("main.json", "main.parameters.json", "--format", "json")
    accounts = json.loads(engine(*words, **files).stdout)["accounts"]

    assert {row["name"]: row["verdict"] for row in accounts} == {"chat": GREEN, "other": RED}


@pytest.mark.long
def test_a_parameter_without_a_value_is_named_and_leaves_open_what_depends_on_it(
    engine: Check,
) -> None:
    """What it does not decide is judged."""
    other = account(f"[{CALLED}'keyName','k'))]", "other", **NEEDED)
    both = {**SWITCH, "resources": [SWITCHED, other]}

    said = " ".join(engine(main=both).stdout.split())

    assert "1 compliant, 0 non_compliant, 1 unknown" in said
    assert "1 parameter without a value: enable" in said
    assert "--parameters" in said


OPEN_LOOP: Final = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-05-01"} | {
    "name": "[format('store{0}', copyIndex())]",
    "copy": {"name": "stores", "count": "[reference('x').count]"},
}
IN_MODULE: Final = nested("all", OPEN_LOOP) | {"apiVersion": "2025-04-01"}
LATER: Final = {"unused": "${UNUSED=true}", "enable": True}


@pytest.mark.long
@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize(
    ("others", "values"),
    [([OPEN_LOOP], {}), ([IN_MODULE], {}), ([], LATER)],
    ids=["loop", "loop in a module", "value that azd gives"],
)
def test_what_decides_no_account_leaves_none_open(
    engine: Check, others: list[Json], values: Json, is_on: object
) -> None:
    """The engine refuses such a template, or shows nothing of a module with such a loop."""
    module = nested("module", SWITCHED, *others, enable="[parameters('enable')]")
    module["properties"]["template"] |= {"contentVersion": "1.0.0.0", "parameters": ENABLE}
    declared = {**ENABLE, "unused": {"type": "bool", "defaultValue": True}}
    whole = template({**module, "apiVersion": "2025-04-01"}, parameters=declared)
    given = _values(**{**values, "enable": is_on})

    said = engine(**{"main": {**whole, "contentVersion": "1.0.0.0"}, "main.parameters": given})

    assert said.stdout.splitlines()[2].startswith(GREEN if is_on else RED)


@pytest.mark.parametrize("spelled", ["deployment()", "Deployment( )", "deployment\u00a0()"])
def test_p1_a_template_that_reads_itself_is_not_worked_out(engine: Check, spelled: str) -> None:
    """The engine gets another template than Azure, for example without outputs."""
    condition = f"[contains({spelled}.properties.template, 'outputs')]"
    open_account = account("[null()]", condition=condition, **NEEDED)
    whole = {**template(open_account), "contentVersion": "1.0.0.0", "outputs": {}}

    said = " ".join(engine(main=whole).stdout.split())

    assert "1 unknown" in said
    assert "an expression reads the deployment itself" in said


@pytest.mark.long
def test_no_setter_of_an_account_is_left_out(engine: Check) -> None:
    """A module could take the key of an account that another one sets."""
    without = nested("without", account(**NEEDED)) | {"apiVersion": "2025-04-01"}
    without["properties"]["template"]["contentVersion"] = "1.0.0.0"
    both = {**SWITCH, "resources": [SWITCHED, without]}

    said = engine(**{"main": both, "main.parameters": _values(enable=True)})

    assert said.exit_code in {1, 3}


@pytest.mark.long
@pytest.mark.parametrize("key", ["'k'", "null"])
def test_sources_are_compiled_where_they_are(engine: Check, tmp_path: Path, key: str) -> None:
    """Each turn of a loop over modules is an account, and no file is written."""
    (tmp_path / "account.bicep").write_text(MODULE)
    (tmp_path / "main.bicep").write_text(SOURCE)
    values = f"using 'main.bicep'\nparam names = ['a', 'b']\nparam key = {key}"
    (tmp_path / "main.bicepparam").write_text(values)
    (tmp_path / "main.snapshot.json").write_text("committed")

    runs = [engine("main.bicepparam"), engine("main.bicep", "--parameters", "main.bicepparam")]

    counts = "0 compliant, 2 non_compliant" if key == "null" else "2 compliant, 0 non_compliant"
    assert [counts in run.stdout for run in runs] == [True, True]
    assert (tmp_path / "main.snapshot.json").read_text() == "committed"
    assert len([*tmp_path.iterdir()]) == 4


@pytest.mark.long
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("module m 'br/public:avm/res/x:1.0.0' = {\n  name: 'm'\n}", "bicep restore"),
        ("param p 'a' = loadTextContent('private.txt')", "BCP033 at 1,15"),
        ("param p string = loadTextContent('pipe')", "longer than"),
        ("extension own\nparam p string", "BCP190 at 1,11"),
    ],
    ids=["module of a registry", "content in a message", "pipe", "extension of a folder"],
)
def test_a_source_gets_nothing_fetched_printed_or_stuck(
    engine: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str
) -> None:
    """A pull request can change it."""
    if "'pipe'" in source:  # which is waited for until the time is up
        monkeypatch.setattr(bicep, "MAX_BICEP_SECONDS", 5)
    (tmp_path / "main.bicep").write_text(source)
    (tmp_path / "private.txt").write_text("hush")
    (tmp_path / "own").write_text("hush")
    (tmp_path / "bicepconfig.json").write_text('{"extensions": {"own": "./own"}}')
    os.mkfifo(tmp_path / "pipe")

    result = engine("main.bicep")

    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "hush" not in result.output


@pytest.mark.long
def test_a_source_does_not_see_the_environment(
    engine: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment of a pipeline has its secrets."""
    monkeypatch.setenv("PRIVATE", "hush")
    (tmp_path / "main.bicep").write_text("param p string")
    text = "using 'main.bicep'\nparam p = readEnvironmentVariable('PRIVATE')"
    (tmp_path / "main.bicepparam").write_text(text)

    result = engine("main.bicepparam")

    assert (result.exit_code, "hush" in result.output) == (2, False)
    assert "give the variable a default" in " ".join(result.stderr.split())


@pytest.mark.long
def test_a_template_that_the_engine_refuses_says_so_without_a_value(engine: Check) -> None:
    """Else the advice to give values would be followed in vain."""
    named = {**SWITCHED, "name": "[substring('a', 0, parameters('size'))]"}
    declared = {**ENABLE, "size": {"type": "int"}}
    whole = {**SWITCH, "resources": [named], "parameters": declared}

    said = {}
    for code, size in {"syntax-resources": 0, "BCP033 at size": "hush"}.items():
        given = _values(enable=True, size=size)
        said[code] = " ".join(engine(**{"main": whole, "main.parameters": given}).stdout.split())

    assert [f"tried and failed ({code}" in text for code, text in said.items()] == [True, True]
    assert "hush" not in str(said)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("exit 1", ""),
        ("sleep 9", ""),
        ("echo Bicep CLI version 0.30.1", ""),
        ("echo Bicep CLI version 0.49.2; exit 1", "was tried and failed"),
        ("echo Bicep CLI version 0.49.2; [ $1 = --version ] || sleep 9", "takes longer than 1 s"),
    ],
)
def test_bicep_that_fails_changes_no_verdict(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, why: str
) -> None:
    """What the template says by itself stays."""
    program = tmp_path / "bicep"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o700)
    files = {"main": SWITCH, "other": template(account())}
    check(**files)
    words = ("main.json", "other.json", "--format", "json")
    literal = _verdicts(check(*words).stdout)
    bicep.find_usable.cache_clear()
    monkeypatch.setattr(bicep, "MAX_BICEP_SECONDS", 1)
    monkeypatch.setenv("BICEP", str(program))

    said = check(*words).stdout

    assert _verdicts(said) == literal == [OPEN, RED]
    assert why in said


def test_a_folder_says_which_sources_it_does_not_judge(check: Check, tmp_path: Path) -> None:
    """Somebody who names a folder expects everything in it to be judged."""
    (tmp_path / "infra/.hidden").mkdir(parents=True)
    for name in ("main.bicep", "key.bicep", ".hidden/old.bicep"):
        (tmp_path / "infra" / name).touch()
    (tmp_path / "infra/notes.json").write_text("{}")

    result = check("infra")

    said = "infra: 2 sources of Bicep ignored; name the files to deploy."
    assert (result.exit_code, said in result.stderr) == (0, True)


def test_without_bicep_it_is_said_how_to_install_it(check: Check, tmp_path: Path) -> None:
    """Whether it would help shows only when something is unknown."""
    (tmp_path / "main.bicep").write_text("param p string")

    assert "az bicep install" in check(main=SWITCH).stderr
    assert "az bicep install" not in check(main=template(account(KEY))).stderr
    assert "az bicep install" in check("main.bicep").stderr


def test_a_nested_template_that_bicep_does_not_show_stays_unknown(check: Check) -> None:
    """Its snapshot lacks the accounts, and says so only in a text."""
    snapshot = {"predictedResources": [], "diagnostics": ["Warning NestedDeploymentShortCircuited"]}

    assert "1 unknown" in check(main=snapshot).stdout
