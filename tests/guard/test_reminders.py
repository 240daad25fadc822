"""What time alone makes wrong becomes an issue, and never a failed commit."""

import os
import shutil
import subprocess
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from tests.guard.documents import ROOT
from tests.guard.infra.bicep_kit import bicep
from tools.reminders import list_due, list_old_versions

TABLE: Final = tomllib.loads((ROOT / "tools/reminders.toml").read_text())
RETIREMENT: Final = {"date": date(2027, 2, 27), "what": "It ends.", "source": "https://s.example"}
FACT: Final = {"read": date(2026, 11, 28), "what": "Kinds", "where": ["core/kinds.py"]}
SAMPLE: Final[dict[str, Any]] = {"retirement": [RETIREMENT | {"todo": "Use B."}], "fact": [FACT]}
# A gh that notes what it is asked; NUMBER is that of the open issue, if any.
GH: Final = '#!/bin/sh\necho "$*" >>"$FOLDER/calls"\n[ "$2" != list ] || echo "$NUMBER"\n'


@pytest.mark.parametrize(
    ("today", "due"),
    [
        (date(2026, 8, 30), []),
        (date(2026, 8, 31), ["2027-02-27: It ends. Use B. [Source](https://s.example)"]),
        (date(2027, 11, 27), ["2027-02-27: It ends. Use B. [Source](https://s.example)"]),
        (
            date(2027, 11, 28),
            [
                "2027-02-27: It ends. Use B. [Source](https://s.example)",
                "Read again, last read on 2026-11-28: Kinds (`core/kinds.py`)",
            ],
        ),
    ],
)
def test_a_reminder_starts_before_a_retirement_and_a_year_after_a_fact(
    today: date, due: list[str]
) -> None:
    """Half a year is enough to plan a change of versions."""
    assert list(list_due(SAMPLE, today)) == due


def test_each_reminder_is_complete_and_names_files_that_exist() -> None:
    """An incomplete entry would end the job on the day that it is needed."""
    assert list(list_due(TABLE, date.max))
    assert [
        path for fact in TABLE["fact"] for path in fact["where"] if not (ROOT / path).exists()
    ] == []


@pytest.mark.long
def test_an_old_api_version_is_listed_once(tmp_path: Path) -> None:
    """The linter repeats a module's finding in each template that uses the module."""
    old = "resource x 'Microsoft.Storage/storageAccounts@2021-09-01' existing = { name: 'x' }\n"
    (tmp_path / "module.bicep").write_text(old)
    (tmp_path / "main.bicep").write_text("module m 'module.bicep' = { name: 'm' }\n")

    (line,) = list_old_versions(tmp_path, bicep())

    assert "'Microsoft.Storage/storageAccounts'. '2021-09-01' is" in line


@pytest.mark.parametrize(
    ("due", "number", "calls"),
    [
        ("", "", []),
        ("- It ends.", "", ["list", "create --title Reminders: what needs attention with time"]),
        ("- It ends.", "7", ["list", "edit 7"]),
    ],
)
def test_there_is_one_issue(tmp_path: Path, due: str, number: str, calls: list[str]) -> None:
    """An issue each week would soon be ignored."""
    shutil.copy(ROOT / "tools/remind.sh", tmp_path)
    (tmp_path / "reminders.py").write_text(f"print({due!r}) if {due!r} else None\n")
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"

    subprocess.run(
        [tmp_path / "remind.sh"],
        env={"PATH": path, "FOLDER": str(tmp_path), "NUMBER": number},
        check=True,
        timeout=30,
    )

    noted = tmp_path / "calls"
    said = noted.read_text().splitlines() if noted.exists() else []
    assert len(said) == len(calls)
    assert all(line.startswith(f"issue {call}") for line, call in zip(said, calls, strict=True))
    assert not said or said[-1].endswith(f"--body {due}")
