"""The command `evidence`: what it refuses, and a folder that is complete or not there."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.cli.new_folder import leftovers, publish, unfinished
from cmk_check.cli.stdout import NotUsable, replaced

KEY = "the-key-of-the-app"
URL = "http://127.0.0.1:9"


def _refused(*arguments: str, key: str | None = KEY) -> str:
    result = CliRunner().invoke(app, ["evidence", *arguments], env={"CMK_API_KEY": key})
    assert result.exit_code == 2, result.output
    assert KEY not in result.output
    return " ".join(result.output.replace("│", " ").split())


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """What is in it would be taken for evidence."""
    (tmp_path / "old.txt").touch()

    assert "must be empty" in _refused("--url", URL, "--out", str(tmp_path))
    assert "must be a folder" in _refused("--url", URL, "--out", str(tmp_path / "old.txt"))
    assert "must be in a folder" in _refused("--url", URL, "--out", str(tmp_path / "a" / "b"))


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel", None])
def test_a_key_that_no_header_can_hold_is_refused(tmp_path: Path, key: str | None) -> None:
    """Without repeating it."""
    message = _refused("--url", URL, "--out", str(tmp_path / "out"), key=key)

    assert "must be a key of the function api" in message
    assert not key or key not in message


@pytest.mark.parametrize("since", ["yesterday", "2026-11-01T00:00:00", "2026-13-01", "9999-99"])
def test_a_time_that_could_be_several_is_refused(tmp_path: Path, since: str) -> None:
    """A time without an offset is another one for whoever reads the evidence."""
    out = str(tmp_path / "out")

    assert "with its offset" in _refused("--url", URL, "--out", out, "--since", since)


def test_a_client_id_must_be_one(tmp_path: Path) -> None:
    """The token is for that application alone."""
    out = str(tmp_path / "out")

    assert "client id" in _refused("--url", URL, "--out", out, "--entra", "https://evil.test")


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither the folder nor the one beside it."""

    def export() -> None:
        with unfinished(tmp_path / "out") as folder:
            (folder / "bundle").mkdir()
            raise OSError(28, "No space left on device")

    with pytest.raises(NotUsable, match="No space left"):
        export()

    assert list(tmp_path.iterdir()) == []


def test_two_commands_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    """In two containers, which share a volume, they may have the same process id."""
    out, file = tmp_path / "out", tmp_path / "out.json"

    with unfinished(out) as first, replaced(file) as write_first:
        write_first(b"first")
        (first / "findings.csv").touch()
        with unfinished(out), replaced(file) as write_second:
            write_second(b"second")
        assert file.read_bytes() == b"second"
        assert (first / "findings.csv").exists()

    assert file.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [file]


def test_an_empty_folder_stays_if_nothing_takes_its_place(tmp_path: Path) -> None:
    """It may have been made for this by whoever may make folders there."""
    with pytest.raises(FileNotFoundError):
        publish(tmp_path / "nothing", tmp_path)

    assert tmp_path.exists()


def test_an_interrupted_export_is_named_and_taken_for_nothing(tmp_path: Path) -> None:
    """What a killed export leaves beside the place, another export says."""
    out = tmp_path / "a[1]"
    left = tmp_path / f".a[1].unfinished.{os.getpid() + 1}"
    left.mkdir()
    (tmp_path / ".other.unfinished.1").mkdir()

    assert leftovers(out) == [left]


@pytest.mark.parametrize("exists", [False, True])
def test_a_complete_folder_takes_an_empty_place(tmp_path: Path, *, exists: bool) -> None:
    """And a place that somebody filled meanwhile is not touched."""
    out, made = tmp_path / "out", tmp_path / "made"
    made.mkdir()
    (made / "file").touch()
    if exists:
        out.mkdir()

    publish(made, out)

    assert [path.name for path in out.iterdir()] == ["file"]
    made.mkdir()
    with pytest.raises(OSError, match="not empty"):
        publish(made, out)
