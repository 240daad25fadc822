"""Evidence of a hostile estate, over the running app, in the hands of programs of others."""

import os
import pty
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import duckdb
import pytest

from cmk_check.web.views import csv_export
from local.browser import chromium
from tests.browsers import path_of_browser
from tests.functional import terminal_kit
from tests.functional.browser.sample_estate import GAP_NAME, hostile_estate
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import Scene, wait_until

# The width of A4 without its margins, in pixels of CSS.
A4: Final = {"width": 688, "height": 1000}

pytestmark = pytest.mark.long


def _export(scene: Scene, out: Path, *options: object) -> terminal_kit.Ended:
    ended = terminal_kit.run(
        *("evidence", "--url", scene.host.url, "--out", str(out), *map(str, options)),
        environment={"CMK_API_KEY": scene.host.keys.functions["api"]},
    )
    assert ended.code == 0, ended.err
    return ended


def _seen_in_a_browser(report: Path) -> None:
    """See that nothing runs or is loaded, and that nothing is wider than the paper."""
    asked: list[str] = []
    with chromium() as browser:
        page = browser.new_page(viewport=A4)  # type: ignore[arg-type] # a mapping is not typed
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        page.emulate_media(media="print")
        page.goto(report.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        text = page.inner_text("body")

    assert asked == [report.as_uri()]
    assert width <= A4["width"]
    assert GAP_NAME in text
    assert "\u202e" not in text


def test_others_read_what_was_exported(open_scene: OpenScene, tmp_path: Path) -> None:
    """Names that are markup, formulas or turn the text around, and a subscription out of reach."""
    path_of_browser()
    scene = open_scene(hostile_estate(), CMK_KEY_HEALTH="on")
    scene.scan()
    bundle, again = tmp_path / "bundle", tmp_path / "again"

    ended = _export(scene, bundle)
    _export(scene, again, "-q")

    assert ended.out.startswith("posture: non_compliant, as of ")
    for path in bundle.iterdir():
        assert path.name == "MANIFEST.json" or path.read_bytes() == (again / path.name).read_bytes()
    ids = {each["id"] for each in scene.findings().values()}
    rows = duckdb.read_csv(str(bundle / "findings.csv"), all_varchar=True).fetchall()
    assert {row[0] for row in rows} == set(map(csv_export.cell, ids))
    _seen_in_a_browser(bundle / "report.html")


def test_a_killed_export_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    """Killed while it waits for the app; the next one names what was left."""
    out = tmp_path / "out"
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        arguments = ("evidence", "--url", url, "--out", str(out))
        process = terminal_kit.start(*arguments, environment={"CMK_API_KEY": "key"})
        connection, _ = server.accept()
        with connection:
            (left,) = wait_until(lambda: list(tmp_path.iterdir()), "the folder beside")
            process.send_signal(signal.SIGKILL)
            terminal_kit.end(process)

    ended = terminal_kit.run(*arguments, environment={"CMK_API_KEY": "key"})

    assert not out.exists()
    assert list(tmp_path.iterdir()) == [left]
    assert ended.code == 3
    assert str(left) in ended.err
    assert "key" not in ended.out


def test_a_key_is_asked_for_at_a_terminal_and_not_shown(tmp_path: Path) -> None:
    """Neither the screen nor the history of the shell keeps it."""
    ours, theirs = pty.openpty()
    shown = b""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        options = ["--url", url, "--out", str(tmp_path / "out")]
        process = subprocess.Popen(
            [sys.executable, "-m", "cmk_check", "evidence", *options],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,  # or the terminal of whoever runs the tests would be asked
        )
        os.close(theirs)
        try:
            while b"Read key (function api): " not in shown:
                shown += os.read(ours, 1024)
            os.write(ours, b"typed-key\n")
            connection, _ = server.accept()
            with connection:
                request = connection.recv(65_536).decode().lower()
        finally:
            process.kill()
            process.wait()
    with suppress(OSError):
        shown += os.read(ours, 65_536)
    os.close(ours)

    assert "x-functions-key: typed-key" in request
    assert b"typed-key" not in shown
