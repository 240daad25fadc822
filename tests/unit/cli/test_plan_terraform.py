"""`plan --format terraform` for every account of the simulator's estates."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from local.simulator import Simulator
from tests.fakes.terraform import plan_document, unknown_arguments
from tests.functional.doctor_kit import trust_here


@pytest.mark.parametrize(
    "estate",
    ["sample", *(pytest.param(each, marks=pytest.mark.long) for each in ("keys", "exceptions"))],
)
def test_each_file_has_known_arguments_and_ends_in_a_compliant_account(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, estate: str
) -> None:
    """An estate has names, vaults and keys that no single example has."""
    run = CliRunner().invoke
    file = tmp_path / "plan.json"
    with Simulator(estate) as azure:
        trust_here(azure, monkeypatch)
        found = json.loads(run(app, ["scan", "--json"]).stdout)["findings"]
        plans = [run(app, ["plan", each["id"], "--format", "terraform"]) for each in found]
        written = [plan.stdout for plan in plans if plan.exit_code == 1]
        checks = []
        for text in written:
            file.write_text(json.dumps(plan_document(text)))
            checks.append(run(app, ["check", str(file)]))

    assert written
    assert [fault for text in written for fault in unknown_arguments(text)] == []
    assert [each.output for each in checks if each.exit_code != 0] == []
