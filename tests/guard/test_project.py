"""What only an owner or a release makes true: not promised before, and not forgotten after."""

import re
import tomllib
from typing import Final

from tests.guard.documents import DOCUMENTS, README, ROOT

OWNER: Final = tomllib.loads((ROOT / "cmk_check/core/project.toml").read_text())
CHANGELOG: Final = (ROOT / "CHANGELOG.md").read_text()
RELEASED: Final = re.search(r"(?m)^## \[[\d.]+\] - \d{4}-", CHANGELOG) is not None
# Commands and addresses that work from the first release on.
NEED_A_RELEASE: Final = re.compile(
    r"(pipx install|uv tool install|uvx|pip install) cmk-check|gh release download"
    r"|get_release\.sh|git checkout v\d|release=v\d|/cmk_check@"
)
TOLD: Final = re.compile(r"(no release yet|(from|after|until) the first release)", re.IGNORECASE)


def test_a_document_says_what_works_only_after_the_first_release() -> None:
    """The first command that a reader pastes must not look for something that is not there."""
    pages = [path for path in DOCUMENTS if "decisions" not in path.parts]
    texts = {path: path.read_text() for path in pages if path.name != "CHANGELOG.md"}
    needing = {path for path, text in texts.items() if NEED_A_RELEASE.search(text)}
    telling = {path for path, text in texts.items() if TOLD.search(text)}

    assert needing
    assert (telling if RELEASED else needing - telling) == set()


def test_what_an_owner_fills_in_is_written_everywhere() -> None:
    """One file has it; what cannot read that file is compared with it."""
    repository, contact = OWNER["repository"], OWNER["contact"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    conduct = (ROOT / "CODE_OF_CONDUCT.md").read_text()

    urls = {"Source": repository, "Issues": f"{repository}/issues"} if repository else {}
    badge = f"({repository}/actions/workflows/ci.yml/badge.svg)"
    assert OWNER.keys() == {"repository", "reasons", "contact"}
    assert project.get("urls", {}) == urls
    assert (badge in README, f"clone --depth 1 {repository or 'http'}" in README) == (
        bool(repository),
    ) * 2
    assert (contact in conduct) if contact else ("No contact is named yet" in conduct)
