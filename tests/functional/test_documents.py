"""The examples of the documents, followed beside `make up` with nothing but what it prints."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.functional.printed_terminal import PrintedTerminal, skip_without
from tests.guard.documents import ROOT, section

pytestmark = pytest.mark.tools("az")

QUARTER_OF_AN_HOUR: Final = 15 * 60


def shown(page: str, part: str | None = None) -> list[tuple[str, str | None]]:
    """Return the commands of a page or a part, block by block, and what each prints if shown."""
    text = (ROOT / "docs" / page).read_text()
    text = text if part is None else section(text, part)
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", text)
    return [(command, answer or None) for command, answer in blocks]


def examples(page: str) -> list[tuple[str, str]]:
    """Return the commands of a page that stand behind a ``$``, and what each prints."""
    text = (ROOT / "docs" / page).read_text()
    return [
        example
        for block in re.findall(r"(?ms)^```console\n(.*?)^```", text)
        for example in re.findall(r"(?m)^\$ (.*)\n((?:[^$].*\n|\n)*)", block)
    ]


@pytest.fixture(autouse=True)
def _commands_are_installed() -> None:
    skip_without("bash", "curl", "jq")


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrintedTerminal]:
    """The terminal beside the sample estate, with az signed in."""
    with PrintedTerminal(tmp_path_factory.mktemp("beside"), CMK_CHANGES_QUEUE="on") as terminal:
        terminal.sign_in()
        yield terminal


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        *examples("cli.md"),
        *shown("dashboards.md"),
        *(each for each in shown("alerts.md") if "az storage" in each[0]),
    ],
    ids=lambda text: text and text[:60],
)
def test_each_command_of_a_page_prints_what_is_shown(
    terminal: PrintedTerminal, command: str, answer: str
) -> None:
    """What is copied from a page is believed before it is read."""
    assert terminal.follow(command) == answer


def test_an_operator_looks_into_a_queue_of_the_app_as_the_page_shows(
    terminal: PrintedTerminal,
) -> None:
    """The one moment in which the command is needed is a bad one to find out how it is meant."""
    ((command, _),) = [each for each in shown("operations.md") if "message peek" in each[0]]
    queue = "--queue-name cmk-tell-poison"

    before = terminal.run(command)
    terminal.run(f"az storage queue create --name {queue.split()[1]}")
    terminal.run(f"az storage message put {queue} --content gone")

    assert "QueueNotFound" in before.stdout
    assert '"content": "gone"' in terminal.follow(command)


def test_a_scan_is_started_and_a_pipeline_gated_as_the_pages_show(
    terminal: PrintedTerminal,
) -> None:
    """A second scan right after one is refused, and says so; a gate that cannot ask stays shut."""
    commands = [command for command, _ in shown("http-api.md") if "/api/scan" in command]
    full, some = [command for command in commands if "/resend" not in command]
    (gate,) = [command for command, _ in shown("dashboards.md") if "jq -e" in command]

    assert re.search(r"(?m)^HTTP/1.1 (202|429) ", terminal.run(full).stdout)
    assert re.search(r"(?m)^HTTP/1.1 (202|409|429) ", terminal.run(some).stdout)
    for key in ("", "echo x-functions-key: wrong >wrong; KEY_FILE=wrong\n"):
        assert terminal.run(key + gate).returncode != 0, key


def test_p6_keys_are_in_files_and_nothing_but_this_machine_is_reached(
    terminal: PrintedTerminal,
) -> None:
    """What is pasted stays in the history of the shell; a fix is not tried on a company's Azure."""
    keys = re.findall(r"(?m)^(?:read|start) key +(\S+)$", terminal.printed)
    pasted = terminal.block("export") + terminal.block("curl")

    files = terminal.run('cat "$KEY_FILE" "$START_FILE"; stat -c %a "${KEY_FILE%/*}"').stdout
    azure = terminal.run("curl -sS https://management.azure.com; az account list --output tsv")

    assert len(keys) == 2
    assert not [key for key in keys if key in pasted]
    assert files == "".join(f"x-functions-key: {key}\n" for key in keys) + "700\n"
    assert re.search(r'"id": ?"|ScanRunning|TooMany', terminal.run(terminal.block("curl")).stdout)
    assert "CONNECT tunnel failed, response 403" in azure.stdout
    assert "cmk-check-local" in azure.stdout


def test_a_newcomer_gets_from_the_first_finding_to_the_fix(tmp_path: Path) -> None:
    """The page is followed from its first block to its last, as it stands there."""
    (start, _), *steps = shown("first-hour.md", "Without Azure")
    began = time.monotonic()

    with PrintedTerminal(tmp_path) as terminal:
        terminal.sign_in()
        for command, answer in steps:
            printed = terminal.follow(command)
            assert answer is None or printed == answer, command

    assert start.splitlines()[-1] == "make up"
    assert len([answer for _, answer in steps if answer]) == 9
    assert time.monotonic() - began < QUARTER_OF_AN_HOUR
