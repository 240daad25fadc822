"""What azd reads, and the hook as Windows may run it."""

import re
from typing import Final

import yaml

from tests.guard.documents import ROOT

HOOK: Final = (ROOT / "infra/hooks/first_scan.ps1").read_bytes()


def test_azd_finds_app_and_hooks() -> None:
    """A hook that is not there is told after the deployment, when nobody looks any more."""
    azd = yaml.safe_load((ROOT / "azure.yaml").read_text())
    hooks = [ROOT / hook["run"] for hook in azd["hooks"]["postdeploy"].values()]

    assert azd["services"]["api"] == {"project": ".", "language": "python", "host": "function"}
    assert [hook.name for hook in hooks] == ["first_scan.sh", "first_scan.ps1"]
    assert all(hook.is_file() for hook in hooks)
    version = re.search(r'(?m)^version = "(.*)"', (ROOT / "pyproject.toml").read_text())
    assert version
    assert azd["metadata"]["template"] == f"cmk-check@{version[1]}"
    assert azd["requiredVersions"]["azd"].startswith(">= 1.")


def test_the_hook_says_on_windows_powershell_what_to_install() -> None:
    """Version 5.1 reads all of it before it runs a line: what it cannot read hides the message.

    It knows none of these operators, and takes bytes beyond ASCII for other letters.
    """
    code = re.sub(r"(?m)#.*$|'[^'\n]*'|\"[^\"\n]*\"", "", HOOK.decode("ascii"))
    check = code.index("$PSVersionTable.PSVersion.Major -lt 7")

    assert re.findall(r"\?\?|\?\.|&&|\|\||\?[^}]*:", code) == []
    assert check < code.index("Get-Command")
    assert b"install PowerShell 7" in HOOK
