"""Commands at a simulated Azure, in this process: `scan`, `plan` and `doctor` from end to end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app
from local.simulator import Simulator
from tests.fakes.world import bad
from tests.functional.doctor_kit import trust_here
from tests.functional.estate_kit import CMK, MICROSOFT, ODD, estate_of, sub_id

WELL = {"CMK_KEY_HEALTH": "off"}


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Azure, for this process: an account whose key is in a vault that nobody sees."""
    with Simulator(estate_of({"chat": CMK})) as simulator:
        trust_here(simulator, monkeypatch)
        yield simulator


def test_p5_scan_and_plan_read_the_whole_estate_and_write_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No storage, no app, no schedule: a credential is enough, and nothing is left behind."""
    estate = estate_of({"chat": CMK, "search": MICROSOFT}, {"lab": ODD})
    commands = ["scan --json", "plan Search", f"plan --all --out {tmp_path / 'plans'}"]
    with Simulator(estate) as azure:
        trust_here(azure, monkeypatch)
        ended = [CliRunner().invoke(app, each.split()) for each in commands]
        requests = list(azure.requests)

    scan, plan, _ = ended
    document = json.loads(scan.stdout)
    verdicts = {each["name"]: each["verdict"] for each in document["findings"]}
    assert [each.exit_code for each in ended] == [1, 1, 1], [each.stderr for each in ended]
    assert verdicts == {"chat": "compliant", "search": "non_compliant", "lab": "unknown"}
    assert document["status"]["subscriptions"]["read"] == 2
    assert "\nACCOUNT='search'\n" in plan.stdout
    assert (tmp_path / "plans/run.sh").exists()
    others = {(each.method, each.path.lower()) for each in requests if each.method != "GET"}
    assert others == {("POST", "/providers/microsoft.resourcegraph/resources")}  # a query
    tokens = [each for each in requests if each.path.endswith("/token")]
    assert len(tokens) == len(commands)  # fetched once, whoever asks


def test_a_plan_by_id_reads_its_subscription_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names it wants it, even if the settings exclude it."""
    estate = estate_of({"chat": MICROSOFT}, {"lab": MICROSOFT})
    account = str(bad(sub_id(2), "lab").id).replace("/rg/", "/rg-test/")
    with Simulator(estate) as azure:
        trust_here(azure, monkeypatch)
        monkeypatch.setenv("CMK_EXCLUDE_SUBSCRIPTIONS", sub_id(2))
        ended = CliRunner().invoke(app, ["plan", account])
        paths = {each.path.lower() for each in azure.requests}

    assert ended.exit_code == 1, ended.stderr
    assert not any(f"{sub_id(1)}/providers" in path for path in paths)


def _doctor(*options: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *options], env=environment)


@pytest.mark.usefixtures("azure")
def test_a_problem_is_a_line_an_exit_code_and_a_remark() -> None:
    """A pipeline stops on the code, and a person reads what to do."""
    problem, well = _doctor(), _doctor(**WELL)

    settings, *_ = problem.stdout.splitlines()
    (keys,) = (line for line in problem.stdout.splitlines() if line.startswith("problem "))
    assert settings == "ok       settings       1 set, all valid."
    assert keys.startswith("problem  keys           forbidden for chat (kv-test.vault.azure.net): ")
    again = "cmk-check: fix the problems, then check again: cmk-check doctor\n"
    assert (problem.exit_code, problem.stderr) == (3, again)
    assert (well.exit_code, well.stderr) == (0, "cmk-check: next: cmk-check scan\n")


def test_settings_of_an_app_take_the_place_of_the_environment(
    azure: Simulator, tmp_path: Path
) -> None:
    """As `az` prints them; and no command of this machine is the next step for an app."""
    file = tmp_path / "settings.json"
    settings = azure.environment() | WELL
    listed = [{"name": name, "value": value} for name, value in settings.items()]
    file.write_text(json.dumps(listed), "utf-8-sig")

    result = _doctor("--settings", str(file), CMK_KEY_HEALTH="on")

    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize(("data", "said"), [(b"\xff", "must be UTF-8 text"), (b"{}", "must be")])
def test_a_file_that_is_no_list_of_settings_is_a_usage_error(
    tmp_path: Path, data: bytes, said: str
) -> None:
    """Nothing is tried: every answer would be about something else."""
    file = tmp_path / "settings.json"
    file.write_bytes(data)

    result = _doctor("--settings", str(file))

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--settings: {said}" in result.stderr


@pytest.mark.usefixtures("azure")
def test_the_report_is_a_file_beside_the_lines(tmp_path: Path) -> None:
    """One that cannot be written is no answer."""
    file = tmp_path / "report.json"

    written, full = _doctor("--report", str(file), **WELL), _doctor("--report", "/dev/full", **WELL)

    assert written.stdout.startswith("ok       settings ")
    assert written.exit_code == 0
    assert isinstance(json.loads(file.read_text()), dict)
    assert full.exit_code == 2
    assert "The report cannot be written (No space left on device)." in full.stderr
