"""SARIF files under the schema and rules of Microsoft's multitool, those for GitHub among them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from local.simulator import Estate, Fault, Simulator, arm_error
from tests.functional import terminal_kit
from tests.functional.estate_kit import accounts_of, sub_id
from tests.functional.exception_kit import ACCEPT
from tests.heavy_tools import SARIF


def _scanned(simulator: Simulator, file: Path) -> Any:  # noqa: ANN401 - JSON
    terminal_kit.run(
        "scan",
        *("--quiet", "--format", "sarif", "--output", str(file)),
        environment=simulator.environment() | ACCEPT,
    )
    return json.loads(file.read_text())


def _complaints(file: Path) -> list[str]:
    """Return what the tool says of a file, but for advice on style."""
    report = file.with_suffix(".report")
    subprocess.run(
        [
            SARIF / "Sarif.Multitool",
            "validate",
            file,
            *("--rule-kind", "Sarif;Ghas", "--level", "Error;Warning", "--output", report),
        ],
        # It would ask the address of the schema for itself; nothing leaves this machine.
        env={
            "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HOME": str(file.parent),
        },
        capture_output=True,
        check=True,
        timeout=120,
    )
    (run,) = json.loads(report.read_text())["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"]
    return [f"{each['ruleId']}: {each['message']}" for each in run["results"]]


def _hostile() -> Simulator:
    estate = Estate()
    name = "x\x1b]0;owned\x07\u202e\u2028[click](https://evil.test) {0}"
    estate.add_subscription(sub_id(1), name)
    simulator = Simulator(estate)
    simulator.faults.add(Fault(path=accounts_of(1), then=arm_error(403, "No")))
    return simulator


@pytest.mark.tools("SARIF")
@pytest.mark.parametrize("estate", ["sample", "clean", "nothing", "keys", "exceptions", "hostile"])
def test_a_sarif_file_is_one_that_every_reader_takes(estate: str, tmp_path: Path) -> None:
    """GitHub refuses a whole file for one property."""
    file = tmp_path / "result.sarif"
    with _hostile() if estate == "hostile" else Simulator(estate) as simulator:
        document = _scanned(simulator, file)

    schema = jsonschema_rs.validator_for(json.loads((SARIF / "sarif-2.1.0.json").read_text()))
    assert [str(error) for error in schema.iter_errors(document)] == []
    assert _complaints(file) == []
    results = document["runs"][0]["results"]
    assert bool(results) == (estate != "clean")
    assert any(result["suppressions"] for result in results) == (estate == "exceptions")
