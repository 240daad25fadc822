"""The command `evidence`: what it writes and refuses; a folder is complete or not there."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from cmk_check.cli import app
from cmk_check.cli.plan_folder import write_folder
from cmk_check.cli.whole_output import leftovers, make_working_folder, publish, replace_file
from cmk_check.evidence.manifest import read_manifest
from local.simulator import Simulator
from tests.functional.doctor_kit import trust_here
from tests.unit.evidence.bundle_kit import SOURCE, Bundles, private_pem
from tests.unit.evidence.export_kit import all_sorts, estate
from tests.unit.web.asgi_client import send

KEY = "the-key-of-the-app"
CLIENT = "00000000-0000-4000-8000-0000000000aa"


class LocalApp(HTTPServer):
    """Answers each request with ``status`` and ``body``, and keeps paths, keys and tokens."""

    def __init__(self, status: int = 200, body: bytes = b"") -> None:
        self.asked = list[str]()
        self.keys, self.tokens = set[str | None](), set[str | None]()
        self._body, app = body, self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                app.asked.append(self.path)
                app.keys.add(self.headers["x-functions-key"])
                app.tokens.add(self.headers["authorization"])
                body = app.body(self.path)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the library's name

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def body(self, path: str) -> bytes:
        """Return what is answered to a path."""
        del path
        return self._body

    @contextmanager
    def running(self) -> Iterator[None]:
        """Answer until the end."""
        with self:
            thread = Thread(target=self.serve_forever, args=(0.01,))
            thread.start()
            yield
            self.shutdown()
            thread.join()


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


def test_a_sign_in_takes_the_place_of_the_key(
    refusing: LocalApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is for the app alone, and the key of the shell is not sent with it."""
    options = ["--url", refusing.url, "--out", str(tmp_path / "out"), "--entra", CLIENT]

    with Simulator("nothing") as azure:
        trust_here(azure, monkeypatch)
        result = CliRunner().invoke(app, ["evidence", *options], env={"CMK_API_KEY": KEY})
        asked = [each for each in azure.requests if each.path.endswith("/token")]

    (token,) = refusing.tokens
    assert result.exit_code == 3, result.output
    assert str(token).startswith("Bearer ")
    assert refusing.keys == {None}
    assert [each.query["resource"] for each in asked] == [f"api://{CLIENT}"]


class _Estate(LocalApp):
    """An app over HTTP, with accounts of every sort after one scan."""

    def body(self, path: str) -> bytes:
        """Return what the API in this process answers."""
        return asyncio.run(send(asyncio.run(estate(all_sorts())).app(), path)).body


def test_a_bundle_is_exported_signed_and_continued(bundles: Bundles) -> None:
    """What `verify` confirms, from the options to the last line."""
    first, second = bundles.folder / "first", bundles.folder / "second"
    sign = ("--sign-with-file", bundles.key("private.pem", private_pem("p256")))
    served = _Estate()

    def export(out: Path, *options: object) -> Result:
        given = ["evidence", "--url", served.url, "--out", out, *options]
        return CliRunner().invoke(app, list(map(str, given)), env={"CMK_API_KEY": KEY})

    with served.running():
        ended = export(first, *sign)
        times = ("--as-of", "2026-11-26", "--since", "2026-11-01")
        again = export(second, *sign, "--after", first, *times)
        quiet = export(bundles.folder / "third", *sign, "--quiet")
        unsigned = export(bundles.folder / "fourth")

    manifest = read_manifest(second)
    codes = [each.exit_code for each in (ended, again, quiet, unsigned)]
    assert codes == [0, 0, 0, 0], ended.output
    assert ended.stdout == (
        "posture: non_compliant, as of 2026-11-25T12:00:00Z\n"
        f"{first}: SHA-256 of MANIFEST.json {read_manifest(first).sha256}\n"
    )
    assert f"cmk-check: check it: cmk-check verify {first} --key PUBLIC_KEY\n" in ended.stderr
    assert again.stdout.startswith("as of 2026-11-26T00:00:00Z: ")
    assert "The app has nothing from before 2026-11-25T12:00:00Z" in again.stderr
    assert quiet.stderr == ""
    # Who needs a proof must learn before the period is over that this one is not signed.
    assert "the bundle is not signed" in unsigned.stderr
    assert "use --sign-with" in unsigned.stderr
    assert f"check it: cmk-check verify {bundles.folder / 'fourth'}\n" in unsigned.stderr
    assert set(served.keys) == {KEY}
    assert bundles.verify(first, second).exit_code == 0
    assert manifest.identity == "a key of the function api"
    assert manifest.source is not None
    assert (manifest.source.url, manifest.rule_version) == (served.url, "1")
    assert (second / "as-of.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--since", "yesterday"), "'--since': must be a date like"),
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
        with replace_file(file) as write:
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

    with make_working_folder(out) as first, replace_file(file) as write_first:
        write_first(b"first")
        (first / "findings.csv").touch()
        with make_working_folder(out), replace_file(file) as write_second:
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
