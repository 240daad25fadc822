"""``check`` with Bicep: more exact, never greener, and safe with sources that nobody trusts."""

import json
import os
from pathlib import Path
from typing import Final

import pytest

from cmk_check.cli import bicep
from tests.guard.infra.bicep_kit import bicep as compiler
from tests.unit.cli.check_kit import (
    ACCOUNT,
    DOCUMENTS,
    GREEN,
    KEY,
    RED,
    SCHEMA,
    Check,
    Json,
    account,
    template,
)

CALLED: Final = "createObject('keySource','Microsoft.KeyVault','keyVaultProperties',createObject("
NEEDED: Final = {"apiVersion": "2025-06-01", "location": "westeurope"}
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


def _values(**values: object) -> Json:
    given = {name: {"value": value} for name, value in values.items()}
    return {"$schema": f"{SCHEMA}Parameters.json#", "parameters": given}


@pytest.fixture
def path() -> str:
    """The real Bicep, before ``check`` hides it."""
    return compiler()


@pytest.fixture
def engine(path: str, check: Check, monkeypatch: pytest.MonkeyPatch) -> Check:
    """The command, with the real Bicep."""
    monkeypatch.setenv("BICEP", path)
    return check


@pytest.mark.parametrize(("is_on", "verdict"), [(True, GREEN), (False, RED)])
def test_an_expression_is_worked_out(engine: Check, is_on: object, verdict: str) -> None:
    """Most templates choose the key by a condition."""
    files = {"main": SWITCH, "main.parameters": _values(enable=is_on, unused=1)}

    assert engine(**files).stdout.splitlines()[2].startswith(verdict)


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


@pytest.mark.parametrize("key", ["'k'", "null"])
def test_sources_are_compiled_where_they_are(engine: Check, tmp_path: Path, key: str) -> None:
    """Each turn of a loop over modules is an account, and no file is written."""
    (tmp_path / "account.bicep").write_text(MODULE)
    (tmp_path / "main.bicep").write_text(SOURCE)
    values = f"using 'main.bicep'\nparam names = ['a', 'b']\nparam key = {key}"
    (tmp_path / "main.bicepparam").write_text(values)
    (tmp_path / "main.snapshot.json").write_text("committed")

    runs = [
        engine("main.bicepparam"),
        engine("main.bicep", "--parameters", "main.bicepparam"),
    ]

    counts = "0 compliant, 2 non_compliant" if key == "null" else "2 compliant, 0 non_compliant"
    assert [counts in run.stdout for run in runs] == [True, True]
    assert (tmp_path / "main.snapshot.json").read_text() == "committed"
    assert len([*tmp_path.iterdir()]) == 4


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("module m 'br/public:avm/res/x:1.0.0' = {\n  name: 'm'\n}", "bicep restore"),
        ("param p 'a' = loadTextContent('private.txt')", "BCP033 at 1,15"),
        ("param p string = loadTextContent('pipe')", "longer than"),
    ],
    ids=["module of a registry", "content in a message", "pipe"],
)
def test_a_source_gets_nothing_fetched_printed_or_stuck(
    engine: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str
) -> None:
    """A pull request can change it."""
    monkeypatch.setattr(bicep, "MAX_BICEP_SECONDS", 20)
    (tmp_path / "main.bicep").write_text(source)
    (tmp_path / "private.txt").write_text("hush")
    os.mkfifo(tmp_path / "pipe")

    result = engine("main.bicep")

    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert "hush" not in result.output


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


@pytest.mark.parametrize(
    "answer",
    ["exit 1", "sleep 9", "echo Bicep CLI version 0.30.1", "echo Bicep CLI version 0.49.2; exit 1"],
)
def test_bicep_that_fails_changes_nothing(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """What the template says by itself stays."""
    program = tmp_path / "bicep"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o700)
    files = {"main": SWITCH, "other": template(account())}
    literal = check(**files).stdout
    bicep.usable.cache_clear()
    monkeypatch.setattr(bicep, "MAX_BICEP_SECONDS", 1)
    monkeypatch.setenv("BICEP", str(program))

    assert check(**files).stdout == literal
    assert "1 non_compliant, 1 unknown" in literal


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


@pytest.mark.long
@pytest.mark.parametrize("name", [each for each in DOCUMENTS if "template" in str(DOCUMENTS[each])])
def test_no_document_becomes_greener(
    path: str, check: Check, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Those that were written to deceive among them."""
    own = f'"type": "{ACCOUNT}"'
    text = json.dumps(DOCUMENTS[name][0]).replace(own, f"{own}, {json.dumps(NEEDED)[1:-1]}")
    document = {"contentVersion": "1.0.0.0"} | json.loads(text)
    literal = check(main=document)
    monkeypatch.setenv("BICEP", path)
    exact = check(main=document)

    assert exact.exit_code == literal.exit_code
