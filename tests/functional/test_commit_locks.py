"""The locks of a pull request of Dependabot: what is committed, and what happens after that."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.functional.test_documents import skip_without

SCRIPT: Final = Path(__file__).parents[2] / "tools/commit_locks.sh"
# A gh that keeps what it is told. REFUSED: GitHub accepts no commit.
GH: Final = """#!/bin/sh
echo "$*" >>"$FOLDER/calls"
[ "$1" != api ] || cat >"$FOLDER/request"
[ "$1$REFUSED" != apiyes ]
"""


@pytest.mark.parametrize("refused", ["", "yes"])
def test_only_locks_are_committed_and_ci_starts_after_that(tmp_path: Path, refused: str) -> None:
    """Packages ran where the files come from; and without CI, the pull request would wait."""
    skip_without("jq")
    for name in (
        "requirements.txt",
        "locks/dev.txt",
        "made/requirements.txt",
        "made/locks/dev.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{name}: é\n")
    for name in ("locks/new.txt", "tools/lock.sh", "pyproject.toml"):
        (tmp_path / "made" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "made" / name).write_text("from elsewhere")
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "FOLDER": str(tmp_path),
        "REFUSED": refused,
        "BRANCH": "dependabot/pip/yarl",
        "HEAD_SHA": "8c5e",
        "GH_REPO": "example/cmk",
    }

    ended = subprocess.run([SCRIPT, "made"], env=environment, cwd=tmp_path, check=False)

    sent = json.loads((tmp_path / "request").read_text())["variables"]["input"]
    files = {
        each["path"]: base64.b64decode(each["contents"]).decode()
        for each in sent["fileChanges"]["additions"]
    }
    assert files == {name: f"made/{name}: é\n" for name in ("requirements.txt", "locks/dev.txt")}
    assert sent["expectedHeadOid"] == "8c5e"
    assert sent["branch"] == {
        "repositoryNameWithOwner": "example/cmk",
        "branchName": "dependabot/pip/yarl",
    }
    start = [] if refused else ["workflow run ci.yml --ref dependabot/pip/yarl"]
    assert (tmp_path / "calls").read_text().splitlines() == ["api graphql --input -", *start]
    assert bool(ended.returncode) == bool(refused)
