"""The action for GitHub: its steps run in bash as the runner starts them."""

import json
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
    own: dict[str, Any] = STEPS[step]["env"]
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
    command = tmp_path / "cmk_check/bin/cmk-check"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m cmk_check "$@"\n')
    command.chmod(0o700)
    (tmp_path / "infra/sub").mkdir(parents=True)
    return tmp_path


@pytest.mark.long
def test_a_violation_is_annotated_at_its_line_and_fails_the_step(folder: Path) -> None:
    """A name from a pull request must not become a command of the runner."""
    (folder / "infra/sub/bad one.json").write_text(_template(None, "x\n::add-mask::y"))

    result = _run("Check", folder, files="infra/**/*.json", sarif="out.sarif")

    notes = [line for line in result.stdout.splitlines() if line.startswith("::")]
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
        {"files": "a.json gone/*.json"},
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


def test_the_command_is_installed_in_the_versions_of_the_lock(folder: Path) -> None:
    """Pip reads the constraints, and gets the sources beside the action."""
    python = folder / "python"
    pip = '#!/bin/sh\\necho pip "$@"'
    made = f"mkdir -p $3/bin; printf '{pip}' >$3/bin/pip; chmod +x $3/bin/pip"
    python.write_text(f"#!/bin/sh\n{made}\n")
    python.chmod(0o700)

    result = _run("Install cmk_check", folder, PYTHON=str(python), SOURCES=str(ROOT))

    pinned = (folder / "cmk_check.txt").read_text()
    assert result.stdout.split()[-1] == str(ROOT)
    assert "typer==" in pinned
    assert "--" not in pinned.replace("# ", "")
