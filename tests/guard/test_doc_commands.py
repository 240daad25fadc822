"""The commands that the documents give to whoever deploys and operates the app.

A shell carries each document out from its first command to its last, with nothing to run: what
it would start is noted down instead, with its words as the shell gives them. Those of az are then
parsed by the real az. azd, Core Tools and gh are no Python packages and have no parser to ask:
their subcommands and options are compared with a list from their references.
"""

import re
import subprocess
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

import pytest

from tests.functional.az_kit import parsed_by_az
from tests.guard.documents import DOCUMENTS

# https://learn.microsoft.com/azure/developer/azure-developer-cli/reference,
# https://learn.microsoft.com/azure/azure-functions/functions-core-tools-reference and
# https://cli.github.com/manual
KNOWN: Final = {
    ("azd", "auth", "login"): set(),
    ("azd", "deploy"): set(),
    ("azd", "down"): {"--purge", "--force"},
    ("azd", "env", "get-value"): set(),
    ("azd", "env", "get-values"): set(),
    ("azd", "env", "new"): {"--location", "--subscription"},
    ("azd", "env", "set"): set(),
    ("azd", "hooks", "run"): set(),
    ("azd", "pipeline", "config"): {"--provider"},
    ("azd", "provision"): {"--preview"},
    ("azd", "up"): set(),
    ("gh", "release", "download"): {"--repo", "--pattern"},
    ("gh", "workflow", "run"): {"--field", "--ref"},
    ("func", "azure", "functionapp", "publish"): {"--build", "--no-build"},
    ("func", "start"): set(),
}
# No command is found. Those that matter are noted down with the number of their words, and answer;
# others say nothing, which ends a document's loops. Nor may a document end the shell.
SHELL: Final = """
PATH=/nowhere
command_not_found_handle() {
  case $1 in az | azd | curl | func | gh) printf '%s\\0' "$#" "$@" >>calls && echo value ;; esac
}
exit() { :; }
"""


def _commands(path: Path, folder: Path) -> list[list[str]]:
    """Return what a shell starts for the blocks of a document, in order."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", path.read_text())
    calls = folder / "calls"
    calls.write_text("")

    subprocess.run(
        ["bash", "-c", SHELL + "\n".join(blocks)],  # noqa: S607 - the reader's own shell
        cwd=folder,
        env={"HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=30,
    )

    noted = iter(calls.read_text().split("\0")[:-1])
    return [list(islice(noted, int(number))) for number in noted]


def _of(name: str, commands: list[list[str]]) -> list[list[str]]:
    return [words for words in commands if words[0] == name]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What a shell starts for each document, one after the other."""
    folder = tmp_path_factory.mktemp("commands")
    shown = [path for path in DOCUMENTS if "```sh" in path.read_text()]
    return [words for path in shown for words in _commands(path, folder)]


@pytest.mark.tools("az")
def test_every_az_command_in_the_documents_is_one_that_az_can_parse(
    commands: list[list[str]], tmp_path: Path
) -> None:
    """Whoever deploys at midnight types what stands there."""
    asked = [list(words) for words in {tuple(words[1:]) for words in _of("az", commands)}]

    parsed = parsed_by_az(asked, tmp_path)

    wrong = {
        f"az {' '.join(words)}": answer["error"]
        for words, answer in zip(asked, parsed, strict=True)
        if "error" in answer
    }
    assert wrong == {}
    assert "deployment mg create" in {answer["command"] for answer in parsed}


def _is_known(words: list[str]) -> bool:
    given = {word for word in words if word.startswith("-")}
    return any(
        tuple(words[: len(start)]) == start and given <= options for start, options in KNOWN.items()
    )


def test_every_azd_func_and_gh_command_is_known(commands: list[list[str]]) -> None:
    """An option of another tool, or of another year, is found by a reader otherwise."""
    others = [words for words in commands if words[0] in {"azd", "func", "gh"}]

    assert {words[0] for words in others} == {"azd", "func", "gh"}
    assert [words for words in others if not _is_known(words)] == []


def test_no_key_is_a_word_of_a_command(commands: list[list[str]]) -> None:
    """Other users of a machine read it in the list of processes, even where it was a variable."""
    headers = [
        header
        for words in _of("curl", commands)
        for option, header in pairwise(words)
        if option == "-H" and not header.lower().startswith("content-type:")
    ]

    texts = "\n".join(path.read_text() for path in DOCUMENTS)
    assert {header[0] for header in headers} == {"@"}, headers
    assert not re.search("""(?i)-H ['"]?(x-functions-key|authorization)""", texts)


def _lines() -> list[str]:
    texts = [path.read_text() for path in DOCUMENTS]
    blocks = [block for text in texts for block in re.findall(r"(?ms)^ *```sh\n(.*?)^ *```", text)]
    return [line for block in blocks for line in block.splitlines()]


def test_every_block_can_be_pasted_as_it_stands() -> None:
    """<app> would be a file to the shell, and HOST is a variable of zsh: its prompt shows it.

    In zsh, the shell of macOS, a pasted comment is words, and its apostrophe opens a quote.
    """
    wrong = re.compile(r"<[a-z][a-z .]*>|\bHOST=|^#|\s#")

    assert [line for line in _lines() if wrong.search(line)] == []
