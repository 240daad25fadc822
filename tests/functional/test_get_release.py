"""A release on its way to Azure: what is downloaded is the package that CI and GitHub vouch for."""

import os
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

TOOLS: Final = Path(__file__).parents[2] / "tools"
COMMIT: Final = "8c5e5f5d4c3b2a19081716151413121110090807"
# https://cli.github.com/manual/gh_attestation_verify, gh_release_download and gh_run_list
OPTIONS: Final = {
    "attestation verify": (
        "--deny-self-hosted-runners --format --jq --repo --signer-workflow --source-ref"
    ),
    "release download": "--dir --pattern",
    "repo view": "--jq --json",
    "run list": "--branch --commit --event --jq --json --limit --status --workflow",
}
# A gh that notes what it is asked, and answers from files; one that is not there is a refusal.
GH: Final = """#!/bin/sh
echo "$*" >>"$FOLDER/calls"
if [ "$1 $2" = "release download" ]; then
  while [ "$1" != --pattern ]; do shift; done
  exec cp "$FOLDER/$2" "$4/$2"
fi
exec cat "$FOLDER/$1 $2"
"""


class Repository:
    """A checkout, and what GitHub would answer about its release v0.2.0."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "checkout/dist/cmk_check.zip"
        for name in ("ci_passed.sh", "get_release.sh"):
            path = folder / "checkout/tools" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((TOOLS / name).read_text())
            path.chmod(0o755)
        (folder / "bin").mkdir()
        (folder / "bin/gh").write_text(GH)
        (folder / "bin/gh").chmod(0o755)
        self.answer("cmk_check.zip", "the package")
        self.answer("repo view", "example/cmk\n")
        self.answer("attestation verify", f"{COMMIT}\n")
        self.answer("run list", "https://github.test/example/cmk/actions/runs/7\n")

    def answer(self, name: str, text: str | None) -> None:
        """Let GitHub answer so, or refuse."""
        (self.folder / name).unlink(missing_ok=True)
        if text is not None:
            (self.folder / name).write_text(text)

    def get(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        return subprocess.run(
            [self.folder / "checkout/tools/get_release.sh", *words],
            env={"PATH": path, "FOLDER": str(self.folder), **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def calls(self) -> dict[str, str]:
        """Return what gh was asked, by its command."""
        lines = (self.folder / "calls").read_text().splitlines()
        return {" ".join(line.split()[:2]): line for line in lines}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A release that everybody vouches for."""
    return Repository(tmp_path)


def test_the_package_that_the_workflow_attests_for_this_tag_and_ci_has_passed_arrives(
    repository: Repository,
) -> None:
    """Any workflow may attest, and a tag could be put on a commit that nobody reviewed.

    The last line says what lies there, and from which commit; the real gh has each option.
    """
    done = repository.get("v0.2.0")

    calls = repository.calls()
    assert (done.returncode, done.stderr) == (0, "")
    assert repository.package.read_text() == "the package"
    assert done.stdout.splitlines()[-1] == (
        f"dist/cmk_check.zip: the package of v0.2.0, attested for commit {COMMIT}"
    )
    for option in (
        "--repo example/cmk",
        "--signer-workflow example/cmk/.github/workflows/release.yml",
        "--source-ref refs/tags/v0.2.0",
        "--deny-self-hosted-runners",
    ):
        assert f" {option} " in calls["attestation verify"]
    passed = calls["run list"]
    assert f" --branch main --event push --commit {COMMIT} --status success " in passed
    assert " --workflow ci.yml " in passed
    used = {name: sorted(set(re.findall("--[a-z-]+", line))) for name, line in calls.items()}
    assert {name: " ".join(options) for name, options in used.items()} == OPTIONS
    # The package with its dependencies contains the code of others too, and is checked alike.
    name = "cmk_check_with_dependencies.zip"
    repository.answer(name, "more bytes")
    assert repository.get("v0.2.0", name).returncode == 0
    assert repository.package.with_name(name).read_text() == "more bytes"
    assert f"/{name} " in repository.calls()["attestation verify"]
    assert repository.get("v0.2.0", "other.zip").returncode == 1


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({"cmk_check.zip": None}, ""),
        (
            {"attestation verify": None},
            "The package of v0.2.0 is not attested by the release workflow of ",
        ),
        ({"attestation verify": "null\n", "run list": ""}, ""),
        ({"run list": None}, ""),
        ({"run list": ""}, f"CI has not passed for commit {COMMIT} on the branch main. Wait for"),
    ],
    ids=["no package", "not attested", "for no commit", "no list of runs", "CI has not passed"],
)
def test_what_github_refuses_never_lies_in_dist(
    repository: Repository, answers: dict[str, str | None], why: str
) -> None:
    """A file that is there is a file that somebody deploys."""
    for name, text in answers.items():
        repository.answer(name, text)
    repository.package.parent.mkdir()
    repository.package.write_text("the package of another day")

    done = repository.get("v0.2.0")

    assert done.returncode != 0
    assert why in done.stderr
    assert not repository.package.exists()


@pytest.mark.parametrize("words", [(), ("v1",), ("v1.2.3\nv1.2.4",)])
def test_only_a_version_is_a_release(repository: Repository, words: tuple[str, ...]) -> None:
    """A branch of that name would be another commit on another day."""
    done = repository.get(*words)

    assert done.returncode == 1
    assert done.stderr == "Name a release, such as tools/get_release.sh v0.1.0\n"
    assert not (repository.folder / "calls").exists()
