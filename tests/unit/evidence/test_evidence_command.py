"""The command `evidence`: what it refuses, and a folder that is complete or not there."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from cmk_check.cli.new_folder import leftovers, publish, unfinished
from cmk_check.cli.plan_folder import write_folder
from cmk_check.cli.stdout import replaced
from tests.unit.cli.app_kit import LocalApp
from tests.unit.evidence.bundle_kit import SOURCE, Bundles

KEY = "the-key-of-the-app"
CLIENT = "00000000-0000-4000-8000-0000000000aa"


@pytest.fixture
def refusing() -> Iterator[LocalApp]:
    """Yield an app that refuses every key."""
    served = LocalApp(401)
    with served.running():
        yield served


def _refused(out: Path, *options: str, key: str | None = KEY) -> str:
    """Export from where nobody listens, so that what is refused later has another exit code."""
    existed = out.exists()
    arguments = ["evidence", "--url", "http://127.0.0.1:9", "--out", str(out), *options]
    result = CliRunner().invoke(app, arguments, env={"CMK_API_KEY": key})
    assert result.exit_code == 2, result.output
    assert KEY not in result.output
    assert out.exists() is existed
    return " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel", None])
def test_a_key_that_no_header_can_hold_is_refused(tmp_path: Path, key: str | None) -> None:
    """Without repeating it."""
    message = _refused(tmp_path / "out", key=key)

    assert "must be a file with a key of the function api" in message
    assert not key or key not in message


@pytest.mark.parametrize(
    ("content", "options", "environment"),
    [
        pytest.param(f"{KEY}\n", ["--key-file", "FILE"], None, id="file"),
        pytest.param(f"x-functions-key: {KEY}\n", ["--key-file", "FILE"], None, id="header"),
        pytest.param(f"\ufeffX-Functions-Key:{KEY}\r\n", ["--key-file", "FILE"], None, id="mark"),
        pytest.param(f"{KEY}\n", ["--key-file", "-"], None, id="standard input"),
        pytest.param(KEY, ["--key-file", "FILE"], "of-the-environment", id="file first"),
        pytest.param("", [], KEY, id="environment"),
        pytest.param("", ["--key", KEY], None, id="argument"),
    ],
)
def test_a_key_need_not_be_among_the_arguments(
    refusing: LocalApp, tmp_path: Path, content: str, options: list[str], environment: str | None
) -> None:
    """Everybody on a machine can read those; a file for curl's -H is a file for this, too."""
    file = tmp_path / "key"
    file.write_text(content, newline="")
    words = [str(file) if word == "FILE" else word for word in options]

    result = CliRunner().invoke(
        app,
        ["evidence", "--url", refusing.url, "--out", str(tmp_path / "out"), *words],
        input=content,
        env={"CMK_API_KEY": environment},
    )

    assert result.exit_code == 3, result.output
    assert "no evidence was written: 127.0.0.1:" in result.stderr
    assert refusing.keys == {KEY}
    assert KEY not in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--since", "yesterday"), "--since: must be a date like"),
        (("--since", "2026-11-01T00:00:00"), "or a time with its offset"),
        (("--since", "9999-99"), "or a time with its offset"),
        (("--as-of", "9998-01-01"), "--as-of: must be a time in the past"),
        (("--entra", "https://evil.test"), "--entra: must be a client id"),
        (("--key-file", "-", "--entra", CLIENT), "--key-file: must be used without --entra"),
        # It is what somebody types who knew --key; the log of a pipeline keeps every message.
        (("--key-file", f"{KEY}/x"), "--key-file: cannot be read (No such file or directory)"),
        (
            ("--sign-with", "https://kv.vault.azure.net/keys/a", "--sign-with-file", "a"),
            "--sign-with: only one key can sign",
        ),
        (
            ("--sign-with", "https://kv.vault.usgovcloudapi.net/keys/a"),
            "--sign-with must be the id of a key like",
        ),
        (("--sign-with-file", "/nowhere.pem"), "/nowhere.pem cannot be read"),
        (("--sign-with-file", __file__), f"{__file__} must be a private key as PEM"),
        (("--after", "/nowhere"), "/nowhere/MANIFEST.json cannot be read"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    """A time that could be several, a token or a signature for somebody else: at once."""
    assert message in _refused(tmp_path / "out", *options)


def test_a_bundle_of_another_app_or_after_a_gap_is_no_continuation(bundles: Bundles) -> None:
    """What `verify` would say of it in a year is said before a download of minutes."""
    here = SOURCE.model_copy(update={"url": "http://127.0.0.1:9"})
    before = bundles.make("before", source=here)
    other = bundles.make("other")
    late = ("--after", str(before), "--since", "2026-11-26")

    assert "does not cover the time from 2026-11-25T02:40:00Z" in _refused(
        bundles.folder / "out", *late
    )
    assert "another app: http://127.0.0.1:9" in _refused(
        bundles.folder / "out", "--after", str(other)
    )


def test_only_the_user_may_open_what_is_written(tmp_path: Path) -> None:
    """It names every weak account of an estate, and other users share the machine of a pipeline."""
    file, out = tmp_path / "out.json", tmp_path / "out"
    file.touch(0o644)
    before = os.umask(0o022)
    try:
        with replaced(file) as write:
            write(b"all")
        write_folder(out, {"index.md": "", "run.sh": "", "plans/1.sh": ""})
        (tmp_path / "other").touch()
    finally:
        os.umask(before)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (file, out, *out.rglob("*"))}
    assert modes == {
        "out.json": 0o600,
        "out": 0o700,
        "index.md": 0o600,
        "run.sh": 0o700,
        "plans": 0o700,
        "1.sh": 0o700,
    }
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o644


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


def test_an_interrupted_export_is_named_and_taken_for_nothing(tmp_path: Path) -> None:
    """What a killed export leaves beside the place, another export says."""
    out = tmp_path / "a[1]"
    left = tmp_path / f".a[1].unfinished.{os.getpid() + 1}"
    left.mkdir()
    (tmp_path / ".other.unfinished.1").mkdir()

    assert leftovers(out) == [left]


@pytest.mark.parametrize("exists", [False, True])
def test_a_complete_folder_takes_an_empty_place(tmp_path: Path, *, exists: bool) -> None:
    """No other, which somebody filled meanwhile; and without a folder to publish, it stays."""
    out, made = tmp_path / "out", tmp_path / "made"
    made.mkdir()
    (made / "file").touch()
    if exists:
        out.mkdir()
        with pytest.raises(FileNotFoundError):
            publish(tmp_path / "nothing", out)
        assert out.exists()

    publish(made, out)

    assert [path.name for path in out.iterdir()] == ["file"]
    made.mkdir()
    with pytest.raises(OSError, match="not empty"):
        publish(made, out)
