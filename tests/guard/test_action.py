"""The action for GitHub: its steps run in bash as the runner starts them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.guard.documents import ROOT

ACTION: Final = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: Final = {step.get("name", "python"): step for step in ACTION["runs"]["steps"]}
DEFAULTS: Final = {name: given.get("default", "") for name, given in ACTION["inputs"].items()}


def _template(encryption: object, name: str = "chat") -> str:
    account = {"type": "Microsoft.CognitiveServices/accounts", "name": name, "kind": "OpenAI"}
    account["properties"] = {"encryption": encryption}  # type: ignore[assignment]
    return json.dumps({"$schema": "x/deploymentTemplate.json#", "resources": [account]}, indent=1)


def _run(step: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    values = {f"${{{{ inputs.{name} }}}}": text for name, text in (DEFAULTS | inputs).items()}
    values["${{ github.action_path }}"] = str(ROOT)
    own: dict[str, Any] = STEPS[step].get("env", {})
    env = {name: values.get(text, text) for name, text in own.items()}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]["run"]],  # noqa: S607
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "RUNNER_TEMP": str(folder),
            **env,
            **inputs,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout, beside which the command is installed."""
    python = tmp_path / "cmk_check/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o700)
    (tmp_path / "infra/sub").mkdir(parents=True)
    return tmp_path


@pytest.mark.long
def test_a_violation_is_annotated_at_its_line_and_fails_the_step(folder: Path) -> None:
    """A name from a pull request must not become a command of the runner."""
    (folder / "infra/sub/bad one.json").write_text(_template(None, "x\n::add-mask::y"))

    result = _run("Check", folder, files="infra/**/*.json", sarif="out.sarif")

    notes = re.findall("(?m)^::(?:error|warning|add-mask).*", result.stdout)
    assert result.returncode == 1
    assert len(notes) == 1
    assert notes[0].startswith(
        "::error file=infra/sub/bad one.json,line=4,title=never_configured::x%0A"
    )
    assert json.loads((folder / "out.sarif").read_text())["runs"][0]["results"]


@pytest.mark.long
@pytest.mark.parametrize(("fails", "code"), [("true", 3), ("false", 0)])
def test_an_unknown_account_is_a_warning_that_can_pass(folder: Path, fails: str, code: int) -> None:
    """A template that only the deployment resolves must not block every change."""
    (folder / "a.json").write_text(_template("[x()]"))

    result = _run("Check", folder, files="a.json", FAIL_ON_UNKNOWN=fails)

    assert result.returncode == code
    assert "::warning file=a.json,line=4,title=not_resolved::" in result.stdout


@pytest.mark.parametrize(
    "inputs",
    [
        {"files": "a.json\ngone/*.json"},
        {"files": "a.json gone/*.json"},
        {"files": "gone/\x1b[31m%0A*.json"},
        {"files": "a.json", "parameters": "gone/*.json"},
        {"files": " "},
    ],
)
def test_a_pattern_without_a_file_fails(folder: Path, inputs: dict[str, str]) -> None:
    """A folder that was renamed must not switch the check off."""
    (folder / "a.json").write_text(_template({"keySource": "Microsoft.KeyVault"}))

    result = _run("Check", folder, **inputs)

    assert result.returncode == 2
    assert "::error title=cmk_check::" in result.stdout
    assert not {"\x1b", "%0A"} & {*re.findall("\x1b|%0A", result.stdout)}


def test_the_command_is_installed_by_hash_and_nothing_is_built(folder: Path) -> None:
    """Whoever publishes the newest version of a package must not run in each pipeline."""
    python = folder / "python"
    pip = '#!/bin/sh\\necho pip "$@"'
    made = f"mkdir -p $3/bin; printf '{pip}' >$3/bin/pip; chmod +x $3/bin/pip"
    python.write_text(f"#!/bin/sh\n{made}\n")
    python.chmod(0o700)

    result = _run("Install cmk_check", folder, PYTHON=str(python), SOURCES=str(ROOT))

    words = result.stdout.split()
    assert {"--require-hashes", "--only-binary", "--no-deps"} <= {*words}
    assert words[-2:] == ["--requirement", str(ROOT / "locks/command.txt")]


@pytest.mark.parametrize(
    ("programs", "called", "said"),
    [
        ({"bicep": "", "az": ""}, "", ""),
        ({"az": ""}, "bicep version\n", ""),
        ({"az": '[ "$2" = install ]'}, "bicep version\nbicep install\n", ""),
        ({"az": "exit 1"}, "bicep version\nbicep install\n", "::warning title=cmk_check::Bicep"),
        ({}, "", "::warning title=cmk_check::Bicep"),
    ],
    ids=["in the path", "of az", "installed", "no network", "no az"],
)
def test_bicep_is_installed_where_there_is_none(
    tmp_path: Path, programs: dict[str, str], called: str, said: str
) -> None:
    """Without it, the step passes and says what that means."""
    calls = tmp_path / "calls"
    calls.touch()
    for name, text in programs.items():
        (tmp_path / name).write_text(f'#!/bin/bash\necho "$@" >> {calls}\n{text}\n')
        (tmp_path / name).chmod(0o700)
    (tmp_path / "bash").symlink_to("/bin/bash")

    done = _run("Find or install Bicep", tmp_path, PATH=str(tmp_path))

    assert (done.returncode, calls.read_text()) == (0, called)
    assert [done.stdout.startswith(said), bool(done.stdout)] == [True, bool(said)]


@pytest.mark.long
def test_nothing_of_the_checkout_is_imported(folder: Path) -> None:
    """A pull request must not replace the check with a file of the right name."""
    for name in ("cmk_check.py", "json.py", "typer.py"):
        (folder / name).write_text("raise SystemExit(0)")
    (folder / "a.json").write_text(_template(None))

    assert _run("Check", folder, files="a.json").returncode == 1


@pytest.mark.long
def test_names_of_files_are_data(folder: Path) -> None:
    """A blank, a line break or an escape in a name must not end it or reach the log."""
    for name in ("two words.json", "a\n::error::b.json", "\x1b[31m.json"):
        (folder / "infra" / name).write_text(_template(None))

    result = _run("Check", folder, files="infra/two words.json\r\n\ninfra/[!t]*.json")

    output = result.stdout
    assert output.count("::error file=") == 3
    assert "\x1b" not in output
    shown, resumed = output.split("::stop-commands::", 1)[1].split("\n", 1)
    printed, _ = resumed.split(f"\n::{shown}::\n")
    assert "two words.json:4" in printed
    assert not [line for line in output.splitlines() if line.startswith("::error::b")]


@pytest.mark.long
def test_a_loss_is_annotated_unless_its_address_is_allowed(folder: Path) -> None:
    """Only the address excuses it, whatever else passes."""
    before = {"kind": "OpenAI", "name": "x", "customer_managed_key": []}
    change = {"actions": ["delete"], "before": before, "after": None}
    address = 'azurerm_cognitive_account.x["a b"]'
    resource = {"address": address, "name": "x", "change": change}
    plan = {"resource_changes": [resource | {"type": "azurerm_cognitive_account"}]}
    (folder / "plan.json").write_text(json.dumps(plan))

    lost = _run("Check", folder, files="plan.json", **{"fail-on-unknown": "false"})
    allowed = _run("Check", folder, files="plan.json", **{"allow-loss": address})

    assert (lost.returncode, allowed.returncode) == (1, 0)
    assert "::error file=plan.json,line=1,title=account_lost::" in lost.stdout
    assert "::error" not in allowed.stdout


def test_examples_fail_on_what_is_unknown_and_install_by_hash() -> None:
    """People copy them."""
    pages = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    installs = [
        line for line in re.findall("pip install.*", pages) if "requirements.txt" not in line
    ]
    hashed = "pip install --require-hashes --only-binary :all: --no-deps -r "

    assert len(installs) == 5
    assert not [line for line in installs if not line.startswith(hashed)]
    assert {*re.findall(r"(?m)^ +fail-on-unknown: (\S+)", pages)} <= {"true"}
