"""What `make mutants` breaks: whole packages, so that a module that moves stays under it."""

import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MUTMUT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
SELECTION = MUTMUT["pytest_add_cli_args_test_selection"]
ARGUMENTS = MUTMUT["pytest_add_cli_args"]
PACKAGES = tuple(
    f"cmk_check/{name}/"
    for name in (
        "alerts",
        "cli",
        "config",
        "core",
        "doctor",
        "evidence",
        "inventory",
        "scan",
        "store",
        "web",
    )
)
LEFT_OUT = (
    "cmk_check/alerts/sample_alert.py",
    "cmk_check/alerts/webhook.py",
    "cmk_check/core/remediation/",
    "cmk_check/store/azure_tables.py",
)


def _matches(path: str, globs: list[str]) -> bool:
    """Match as mutmut does."""
    return any(fnmatch(path, glob) for glob in globs)


def test_every_module_of_its_packages_is_mutated_but_those_left_out() -> None:
    """A module that no glob names leaves mutation testing, and nobody would notice."""
    sources = [path.relative_to(ROOT).as_posix() for path in (ROOT / "cmk_check").rglob("*.py")]
    packages = {path for path in sources if path.startswith(PACKAGES)}

    mutated = {
        path
        for path in sources
        if _matches(path, MUTMUT["only_mutate"]) and not _matches(path, MUTMUT["do_not_mutate"])
    }

    assert mutated == {path for path in packages if not path.startswith(LEFT_OUT)}


@pytest.mark.long
def test_its_tests_need_nothing_but_what_mutmut_copies(tmp_path: Path) -> None:
    """An import of anything else would end the run before its first mutant."""
    for name in (*MUTMUT["source_paths"], *MUTMUT["also_copy"], "tests"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *SELECTION, *ARGUMENTS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
