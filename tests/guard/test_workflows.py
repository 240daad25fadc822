"""The pipelines: what runs there is what was chosen. zizmor checks pins, texts and permissions."""

import re
import subprocess
from typing import Any, Final

import pytest
import yaml

from tests.guard.documents import ROOT

WORKFLOWS: Final = {path.name: path for path in (ROOT / ".github/workflows").iterdir()}
PARSED: Final[dict[str, Any]] = {
    name: yaml.safe_load(path.read_text()) for name, path in WORKFLOWS.items()
}
JOBS: Final = [
    (name, job, given)
    for name, document in PARSED.items()
    for job, given in document["jobs"].items()
]
# What a job may do beyond reading the sources.
MORE: Final = {
    ("codeql.yml", "analyze"): {"actions": "read", "security-events": "write"},
    ("deploy.yml", "deploy"): {"id-token": "write"},
    ("deploy.yml", "verify"): {"actions": "read", "attestations": "read"},
    ("locks.yml", "commit"): {"actions": "write", "contents": "write"},
    ("reminders.yml", "remind"): {"issues": "write"},
    ("release.yml", "check"): {"actions": "read"},
    ("release.yml", "release"): {"attestations": "write", "contents": "write", "id-token": "write"},
    ("release.yml", "publish"): {"id-token": "write"},
}
STEPS: Final = [(name, step) for name, _, job in JOBS for step in job.get("steps", [])]
RUNS: Final = [(name, step["run"]) for name, step in STEPS if "run" in step]


@pytest.mark.parametrize(("name", "job", "given"), JOBS)
def test_a_job_may_do_no_more_than_it_must(name: str, job: str, given: dict[str, Any]) -> None:
    """Where other people's packages are installed, nothing may be written or signed."""
    allowed = {"contents": "read", **MORE.get((name, job), {})}

    assert given.get("permissions", {}).items() <= allowed.items()
    if (name, job) in MORE:
        runs = [step["run"] for step in given["steps"] if "run" in step]
        assert not [run for run in runs if re.search(r"\b(make|pip|npm|npx)\b", run)]


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_a_script_parses_and_calls_what_is_there(name: str, run: str) -> None:
    """A pipeline that is seldom used breaks on the day that it is needed."""
    tasks = set(re.findall(r"(?m)^([a-z-]+):.*##", (ROOT / "Makefile").read_text()))

    subprocess.run(["bash", "-n"], input=run, text=True, check=True)  # noqa: S607 - the reader's
    called = {task for line in re.findall(r"\bmake ([a-z -]+)", run) for task in line.split()}
    scripts = [word for word in run.split() if re.match(r"(\.ci|infra|tools)/", word)]

    assert called <= tasks, name
    assert [word for word in scripts if not (ROOT / word).stat().st_mode & 0o100] == []


def test_who_signs_in_to_azure_is_in_an_environment() -> None:
    """Azure trusts the environment, whose reviewers see the deployment before it happens."""
    signing = [job for _, _, job in JOBS if "azure/login@" in str(job)]

    assert len(signing) == 1
    assert signing[0]["environment"]


def test_what_is_deployed_was_verified_first() -> None:
    """Reviewers of the environment are asked about a package of which it is known who built it."""
    verify, deploy = PARSED["deploy.yml"]["jobs"].values()
    runs = [step.get("run", "") for step in verify["steps"]]

    assert deploy["needs"] == "verify"
    assert 'tools/get_release.sh "$RELEASE" "$PACKAGE"' in runs
    assert verify["steps"][0]["if"] == "github.ref != 'refs/heads/main'"
    assert runs[0].endswith("exit 1\n")
    assert "environment" not in verify


def test_what_is_attested_was_made_where_nothing_was_installed() -> None:
    """A package of others that ran beside it could have changed its bytes."""
    jobs, makers = PARSED["release.yml"]["jobs"], PARSED["build.yml"]["jobs"]
    recipe = re.findall(r"(?m)^package: ## .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text())

    assert recipe == [
        '\t@python=$$(tools/find_python.sh) && "$$python" tools/package.py $(DIST)/cmk_check.zip\n'
    ]

    for name, command in (("package", "make package"), ("dependencies", "make package-full")):
        assert [step["run"] for step in makers[name]["steps"] if "run" in step] == [command]
    assert "needs" not in str(makers)
    assert jobs["build"]["needs"] == "check"
    assert 'tools/ci_passed.sh "$GITHUB_SHA"' in str(jobs["check"]["steps"])


def test_no_run_is_cancelled_half_way_that_changes_something() -> None:
    """Half a deployment does not work, and a release needs a run of CI that ended."""
    for name, document in PARSED.items():
        cancel = document["concurrency"]["cancel-in-progress"]
        assert document["concurrency"]["group"].startswith(document["name"]), name
        if set(document[True]) == {"pull_request"}:
            assert cancel is True
        else:
            assert cancel in {False, "${{ github.event_name == 'pull_request' }}"}


def test_newer_versions_are_proposed_for_everything_that_is_pinned() -> None:
    """A pin that nobody moves keeps its holes."""
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    watched = {
        (update["package-ecosystem"], folder)
        for update in updates
        for folder in update.get("directories", [update.get("directory")])
    }

    packages = {
        "/",
        *(f"/{path.relative_to(ROOT).parent}" for path in ROOT.glob("tools/*/package.json")),
    }
    locks = {f"/{path.relative_to(ROOT).parent}" for path in ROOT.glob("locks/*.txt")}
    assert watched == {
        ("github-actions", "/"),
        *(("npm", folder) for folder in packages),
        ("pip", "/"),
        *(("pip", folder) for folder in locks),
    }


def test_the_pipeline_deploys_as_the_document_does() -> None:
    """The document's commands are parsed by the real az; this one is to be among them."""
    texts = [(ROOT / f"docs/{name}.md").read_text() for name in ("deploy", "landing-zones")]
    documents = " ".join("".join(texts).replace("\\\n", " ").split())
    commands = [run for _, run in RUNS if run.startswith("az ")]

    assert len(commands) == 2
    for command in commands:
        assert " ".join(command.replace("\\\n", " ").split()) in documents
