"""What `make mutants` breaks: whole packages, so that a module that moves stays under it."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTMUT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
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
