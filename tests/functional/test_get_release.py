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
    "attestation verify": {
        "--deny-self-hosted-runners",
        "--format",
        "--jq",
        "--repo",
        "--signer-workflow",
        "--source-ref",
    },
    "release download": {"--dir", "--pattern"},
    "repo view": {"--jq", "--json"},
    "run list": {
        "--branch",
        "--commit",
        "--event",
        "--jq",
        "--json",
        "--limit",
        "--status",
        "--workflow",
    },
}
# A gh that notes what it is asked, and answers from files; one that is not there is a refusal.
GH: Final = """#!/bin/sh
echo "$*" >>"$FOLDER/calls"
if [ "$1 $2" = "release download" ]; then
  while [ "$1" != --dir ]; do shift; done
  exec cp "$FOLDER/cmk_check.zip" "$2/cmk_check.zip"
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

    def answer(self, name: str, text: str) -> None:
        """Let GitHub answer so."""
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


def test_the_package_of_a_release_arrives(repository: Repository) -> None:
    """The last line says what lies there, and from which commit; the real gh has each option."""
    done = repository.get("v0.2.0")

    assert (done.returncode, done.stderr) == (0, "")
    assert repository.package.read_text() == "the package"
    assert done.stdout.splitlines()[-1] == (
        f"dist/cmk_check.zip: the package of v0.2.0, attested for commit {COMMIT}"
    )
    used = {name: set(re.findall(r"--[a-z-]+", line)) for name, line in repository.calls().items()}
    assert used == OPTIONS


def test_the_release_workflow_attests_this_tag_and_ci_has_passed_on_main_for_its_commit(
    repository: Repository,
) -> None:
    """Any workflow may attest, and a tag could be put on a commit that nobody reviewed."""
    repository.get("v0.2.0", GH_REPO="example/fork")

    attested, passed = (repository.calls()[name] for name in ("attestation verify", "run list"))
    for option in (
        "--repo example/fork",
        "--signer-workflow example/fork/.github/workflows/release.yml",
        "--source-ref refs/tags/v0.2.0",
        "--deny-self-hosted-runners",
    ):
        assert f" {option} " in attested
    assert f" --branch main --event push --commit {COMMIT} --status success " in passed
    assert " --workflow ci.yml " in passed


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("cmk_check.zip", ""),
        ("attestation verify", "The package of v0.2.0 is not attested by the release workflow of "),
        ("run list", ""),
    ],
)
def test_what_github_refuses_never_lies_in_dist(
    repository: Repository, answer: str, why: str
) -> None:
    """A file that is there is a file that somebody deploys."""
    (repository.folder / answer).unlink()
    repository.package.parent.mkdir()
    repository.package.write_text("the package of another day")

    done = repository.get("v0.2.0")

    assert done.returncode != 0
    assert why in done.stderr
    assert not repository.package.exists()


@pytest.mark.parametrize("commit", ["", "null\n"])
def test_an_attestation_without_a_commit_is_none(repository: Repository, commit: str) -> None:
    """Another gh may name the field otherwise."""
    repository.answer("attestation verify", commit)
    repository.answer("run list", "")

    assert repository.get("v0.2.0").returncode != 0
    assert not repository.package.exists()


def test_a_commit_whose_ci_did_not_pass_is_refused_with_what_to_do(repository: Repository) -> None:
    """A tag that is pushed at once is there before its tests have ended."""
    repository.answer("run list", "")

    done = repository.get("v0.2.0")

    assert done.returncode == 1
    assert f"CI has not passed for commit {COMMIT} on the branch main. Wait for it" in done.stderr
    assert not repository.package.exists()


@pytest.mark.parametrize("words", [(), ("v1",), ("v1.2.3\nv1.2.4",)])
def test_only_a_version_is_a_release(repository: Repository, words: tuple[str, ...]) -> None:
    """A branch of that name would be another commit on another day."""
    done = repository.get(*words)

    assert done.returncode == 1
    assert done.stderr == "Name a release, such as tools/get_release.sh v0.1.0\n"
    assert not (repository.folder / "calls").exists()
