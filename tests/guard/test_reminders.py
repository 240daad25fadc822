"""What time alone makes wrong becomes an issue, and never a failed commit."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from tests.guard.documents import ROOT
from tests.guard.infra.bicep_kit import bicep
from tools.reminders import list_due, list_old_versions

TABLE: Final = tomllib.loads((ROOT / "tools/reminders.toml").read_text())


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
