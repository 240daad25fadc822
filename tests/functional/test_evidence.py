"""Evidence of a hostile estate, over the running app, in the hands of programs of others."""

import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from cmk_check.web.views import csv_export
from local.browser import chromium
from local.simulator import Simulator
from tests.browsers import end_without, path_of_browser
from tests.functional import terminal_kit
from tests.functional.browser.sample_estate import GAP_NAME, hostile_estate
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of, sub_id, wait_until
from tests.functional.libreoffice import read_again

READERS: Final = Path(__file__).parents[2] / ".venv/evidence/bin"
# The width of A4 without its margins, in pixels of CSS.
A4: Final = {"width": 688, "height": 1000}
# What a program of an auditor does. The package oscal unpacks 160 MB into the folder it is in.
READ: Final = """
import json
import sys
import time
from oscal import OSCAL
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

document = OSCAL.load(sys.argv[1])
changed = []
for line in open(sys.argv[2]):
    event = json.loads(line)
    read = ComplianceFinding.model_validate(event).model_dump(mode="json", exclude_none=True)
    if read != event:
        changed.append(event)
print(json.dumps([document.is_valid, document.validation_errors, document.oscal_version, changed]))
"""

pytestmark = pytest.mark.long


def _export(scene: Scene, out: Path, *options: object) -> terminal_kit.Ended:
    ended = terminal_kit.run(
        *("evidence", "--url", scene.host.url, "--out", str(out), *map(str, options)),
        environment={"CMK_API_KEY": scene.host.keys.functions["api"]},
    )
    assert ended.code == 0, ended.err
    return ended


def _run(*command: object, folder: Path) -> str:
    done = subprocess.run(
        list(map(str, command)),
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _read_by_others(bundle: Path, folder: Path) -> None:
    """Let compliance-trestle, oscal and py-ocsf-models read the files for machines."""
    if not READERS.exists():
        end_without("NOBODY ELSE READ THE EVIDENCE: run `make evidence`")
    results = bundle / "assessment-results.json"
    trestle = folder / "trestle"
    trestle.mkdir()
    _run(READERS / "trestle", "init", folder=trestle)
    _run(READERS / "trestle", "import", "-f", results, "-o", "cmk", folder=trestle)
    (imported,) = trestle.glob("assessment-results/*/*.json")
    answered = _run(
        READERS / "python", "-c", READ, results, bundle / "findings.ocsf.jsonl", folder=folder
    )
    shutil.rmtree(folder / "support")  # pytest keeps the folders of three runs

    assert len(_observations(imported)) == len(_observations(results))
    assert json.loads(answered) == [True, [], "v1.2.1", []]


def _observations(file: Path) -> list[Any]:
    document = json.loads(file.read_text())
    found: list[Any] = document["assessment-results"]["results"][0]["observations"]
    return found


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
    shown = read_again(bundle / "findings.csv")
    assert [row["name"] for row in shown] == [row[1] for row in rows]
    _seen_in_a_browser(bundle / "report.html")
    _read_by_others(bundle, tmp_path)


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
            while b"Key of the function api: " not in shown:
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


def test_a_sign_in_takes_the_place_of_the_key(tmp_path: Path) -> None:
    """The token is for the app alone, and the key of the shell is not sent with it."""
    client_id = "00000000-0000-4000-8000-0000000000aa"
    with Simulator("sample") as simulator, socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = terminal_kit.start(
            *("evidence", "--url", url, "--out", str(tmp_path / "out"), "--entra", client_id),
            environment=simulator.environment() | {"CMK_API_KEY": "key"},
        )
        connection, _ = server.accept()
        with connection:
            request = connection.recv(65_536).decode().lower()
        process.kill()
        terminal_kit.end(process)

    assert request.startswith("get /api/v1/status ")
    assert "authorization: bearer " in request
    assert "x-functions-key" not in request


def _verified(key: Path, *bundles: Path) -> tuple[int, str]:
    ended = terminal_kit.run("verify", *map(str, bundles), "--key", str(key), environment={})
    return ended.code, ended.out + ended.err


def _states(accounts: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return sorted((each["id"], each["verdict"], each["reason"]) for each in accounts)


def test_evidence_is_signed_continued_and_checked(open_scene: OpenScene, tmp_path: Path) -> None:
    """Keys of OpenSSL; an account becomes another one between the two bundles."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    _run("openssl", "genpkey", *curve, "-out", private, folder=tmp_path)
    _run("openssl", "pkey", "-in", private, "-pubout", "-out", public, folder=tmp_path)
    estate = estate_of({"chat": CMK, "other": MICROSOFT})
    scene = open_scene(estate)
    scene.scan()
    then = _states(list(scene.findings().values()))
    first, second = tmp_path / "first", tmp_path / "second"
    _export(scene, first, "--sign-with-file", private)
    as_of = json.loads((first / "status.json").read_text())["lastScan"]["finishedAt"]
    time.sleep(1)  # times are whole seconds
    estate.subscription(sub_id(1)).accounts["chat"].remove_encryption()
    scene.scan()

    ended = _export(scene, second, "--sign-with-file", private, "--after", first, "--as-of", as_of)

    rebuilt = json.loads((second / "as-of.json").read_text())
    accounts = [each for where in rebuilt["subscriptions"] for each in where["accounts"]]
    assert "their counts match scan" in ended.out
    assert f"cmk-check: check it: cmk-check verify {second} --key PUBLIC_KEY\n" in ended.err
    assert _states(accounts) == then != _states(list(scene.findings().values()))
    assert _verified(public, first, second)[0] == 0
    (second / "as-of.json").write_text("{}")
    code, told = _verified(public, first, second)
    assert (code, "as-of.json was changed" in told) == (1, True)
