"""The locks: what is tested is what is deployed, and nothing else is."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
HASHED = ["requirements.txt", *sorted(f"locks/{path.name}" for path in ROOT.glob("locks/*.txt"))]
LOCKS = [*HASHED, "package-lock.json", "tools/openapi/package-lock.json"]


def _names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0].lower() for line in requirements}


def _locked(lock: str) -> dict[str, str]:
    """Map each package of a lock to its version, its marker and its hashes."""
    text = re.sub(r"(?m)^\s*#.*\n|^--.*\n", "", (ROOT / lock).read_text()).strip()
    entries = re.split(r"\n(?=\S)", text)
    return dict(entry.split("==", maxsplit=1) for entry in entries)


OF_COMMAND_LINE = {"rich", "securesystemslib", "typer"}
DEPLOYED, EVERYTHING = _locked("requirements.txt"), _locked("locks/dev.txt")


def test_what_is_deployed_is_locked_as_it_was_tested() -> None:
    """A version that only Azure sees is a version that no test has seen."""
    assert DEPLOYED.items() <= EVERYTHING.items()


def test_a_pipeline_installs_the_command_as_it_was_tested() -> None:
    """It has what is deployed, the libraries of the command line, and no tool of development."""
    command = _locked("locks/command.txt")
    runtime = _names(PROJECT["project"]["dependencies"])

    assert command.items() <= EVERYTHING.items()
    assert runtime | DEPLOYED.keys() <= command.keys()
    assert not (_names(PROJECT["dependency-groups"]["dev"]) - runtime) & command.keys()


def test_every_runtime_dependency_is_deployed() -> None:
    """A dependency that is forgotten in the lock is an app that does not start."""
    assert _names(PROJECT["project"]["dependencies"]) - OF_COMMAND_LINE <= DEPLOYED.keys()


def test_nothing_of_development_or_the_command_line_is_deployed() -> None:
    """The runtime library above all: deployed, it would pin the platform's own worker."""
    only_here = _names(PROJECT["dependency-groups"]["dev"]) | OF_COMMAND_LINE

    assert only_here <= EVERYTHING.keys()
    assert not only_here & DEPLOYED.keys()


@pytest.mark.parametrize("lock", HASHED)
def test_every_package_is_hashed_and_none_is_built(lock: str) -> None:
    """With a hash on some, pip demands one on all: a bare package breaks the deployment.

    A source distribution runs its own program when it is built: here, in CI, and on Azure.
    """
    lines = (ROOT / lock).read_text().splitlines()

    assert [name for name, pin in _locked(lock).items() if "--hash=sha256:" not in pin] == []
    assert [line for line in lines if line.startswith("-")] == ["--only-binary :all:"]


def test_no_package_of_npm_runs_a_program_while_it_is_installed() -> None:
    """The chart library of the page is installed beside five hundred packages of others."""
    settings = (ROOT / ".npmrc").read_text().splitlines()
    commands = re.findall(r"(?m)^.*npm (?:ci|install)\b.*", (ROOT / "Makefile").read_text())

    assert "ignore-scripts=true" in settings
    # In another folder npm does not read that file.
    assert [each for each in commands if "cd " in each and "--ignore-scripts" not in each] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_registry(lock: str) -> None:
    """Behind a company's mirror an address in the lock would be asked in its stead."""
    text = (ROOT / lock).read_text()

    assert not re.search(r'"resolved"|--(extra-)?index-url|--find-links| @ ', text)
