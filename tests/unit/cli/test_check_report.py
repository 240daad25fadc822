"""``check``: what pipelines and people get in each format."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.unit.cli.check_kit import (
    BLOCK,
    GREEN,
    KEY,
    LOST,
    MADE_ANEW,
    Check,
    account,
    azurerm,
    existing,
    plan,
    template,
)
from tests.unit.cli.test_check import output_of

FORMATS = pytest.mark.parametrize("output", ["table", "json", "sarif", "junit"])


@FORMATS
def test_p10_a_hostile_name_cannot_steer_a_terminal(check: Check, output: str) -> None:
    """Names come from any person who may create a resource."""
    hostile = "a\u202e\x9b31m\u2028b"

    result = check("a.json", "--format", output, a=[existing(id=None, name=hostile, kind=hostile)])

    assert not set(result.stdout) & set(hostile) - {"a", "b", "3", "1", "m"}


@FORMATS
def test_any_name_of_a_file_can_be_written(check: Check, tmp_path: Path, output: str) -> None:
    """Git and Linux allow names that are not UTF-8."""
    name = os.fsdecode(b"\xff\x1b.json")
    (tmp_path / name).write_text(json.dumps(template(account())))

    result = check(name, "--format", output)

    assert (result.exit_code, "\x1b" in result.output) == (1, False)


def test_without_its_packages_it_says_what_to_install() -> None:
    """A traceback of an import helps nobody."""
    code = "import sys; sys.modules['typer'] = None; import cmk_check.cli"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (2, "")
    assert "pipx install ." in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_pipelines_get_each_account_its_line_and_what_could_not_be_judged(check: Check) -> None:
    """A reviewer sees the annotation at the account, and CI servers which one failed."""
    document = template(account(KEY), account(name="bad"), account("[x()]", "c"))
    lines = json.dumps(document, indent=1).splitlines()

    sarif = check("a.json", "empty.json", "--format", "sarif", a=document, empty=template())
    junit = check("a.json", "no.json", "--format", "junit", no=b"x")

    (run,) = json.loads(sarif.stdout)["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    start = place["region"]["startLine"]
    assert [each["level"] for each in run["results"]] == ["error", "error"]
    assert place["artifactLocation"]["uri"] == "a.json"
    assert '"bad"' in "".join(lines[start : start + 2])
    assert "no account" in str(run["invocations"][0]["toolConfigurationNotifications"])
    suite = ET.fromstring(junit.stdout)[0]  # noqa: S314 - our own
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["4", "1", "2"]


def test_totals_are_not_shown_after_an_error(check: Check) -> None:
    """They would read as a result."""
    assert "accounts:" not in check("a.json", "b.json", a=b"x", b=template(account())).stdout


def test_a_loss_has_the_place_of_its_account(check: Check) -> None:
    """The account that is created again is judged, too."""
    output = output_of(check, plan(MADE_ANEW), code=1)

    (loss,) = output["losses"]
    assert [row["verdict"] for row in output["accounts"]] == [GREEN]
    assert (loss["file"], loss["line"], loss["name"], loss["kind"]) == ("a.json", 3, "x", "OpenAI")
    assert "--allow-loss with the account's address" in loss["message"]


def test_only_its_address_allows_a_loss(check: Check) -> None:
    """An address that no plan uses must not stay, because it would allow the next loss."""
    both = plan(MADE_ANEW, azurerm(actions=["delete"], at="y"))
    x, y = (f"--allow-loss=azurerm_cognitive_account.{each}" for each in "xy")

    one = output_of(check, both, x, code=1)["losses"]
    every = check("a.json", x, y)
    none = check("a.json", x, a=plan(azurerm(BLOCK)))
    taken = check("a.json", x, a=plan(azurerm(had=BLOCK)))

    assert {row["address"][-1]: row["allowed"] for row in one} == {"x": True, "y": False}
    # An account that loses its key is still one without a key.
    assert (every.exit_code, none.exit_code, taken.exit_code) == (0, 0, 1)
    assert "--allow-loss azurerm_cognitive_account.x is not needed" in " ".join(none.stderr.split())


@pytest.mark.parametrize("words", [(), ("--allow-loss=az.x",)])
def test_every_format_has_the_loss(check: Check, words: tuple[str, ...]) -> None:
    """A reviewer may see only one of them."""
    document = plan(MADE_ANEW | {"address": "az.x"})

    table, sarif, junit = (
        check("a.json", "--format", each, *words, a=document).stdout
        for each in ("table", "sarif", "junit")
    )

    results = json.loads(sarif)["runs"][0]["results"]
    suite = ET.fromstring(junit)[0]  # noqa: S314 - our own
    assert "account_lost" in table
    assert "losses: 1" in table
    # Readers of SARIF take every result as a problem.
    expected = [] if words else [(LOST, "error")]
    assert [(each["ruleId"], each["level"]) for each in results] == expected
    assert (suite.get("tests"), suite.get("failures")) == ("2", "0" if words else "1")
