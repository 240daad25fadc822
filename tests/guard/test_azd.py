"""What azd reads, and the hook as Windows may run it."""

import re
from typing import Final

import yaml

from tests.guard.documents import ROOT

HOOKS: Final = [path.read_bytes() for path in sorted((ROOT / "infra/hooks").glob("*.ps1"))]


def test_azd_finds_app_and_hooks() -> None:
    """A hook that is not there is told after the deployment, when nobody looks any more."""
    azd = yaml.safe_load((ROOT / "azure.yaml").read_text())
    hooks = [ROOT / hook["run"] for each in azd["hooks"].values() for hook in each.values()]

    assert azd["services"]["api"] == {"project": ".", "language": "python", "host": "function"}
    assert sorted(hooks) == sorted((ROOT / "infra/hooks").iterdir())
    assert [*azd["hooks"]] == ["predeploy", "postdeploy"]
    assert all(hook.is_file() for hook in hooks)
    version = re.search(r'(?m)^version = "(.*)"', (ROOT / "pyproject.toml").read_text())
    assert version
    assert azd["metadata"]["template"] == f"cmk-check@{version[1]}"
    assert azd["requiredVersions"]["azd"].startswith(">= 1.")


def test_the_hook_says_on_windows_powershell_what_to_install() -> None:
    """Version 5.1 reads all of it before it runs a line: what it cannot read hides the message.

    It knows none of these operators, and takes bytes beyond ASCII for other letters.
    """
    for hook in HOOKS:
        code = re.sub(r"(?m)#.*$|'[^'\n]*'|\"[^\"\n]*\"", "", hook.decode("ascii"))
        assert re.findall(r"\?\?|\?\.|&&|\|\||\?[^}]*:", code) == []
    first_scan = HOOKS[0].decode()
    check = first_scan.index("$PSVersionTable.PSVersion.Major -lt 7")

    assert check < first_scan.index("Get-Command")
    assert "install PowerShell 7" in first_scan
