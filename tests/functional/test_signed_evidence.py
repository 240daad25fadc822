"""Evidence of a running app: signed, continued, of an earlier time, and altered."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.functional import terminal_kit
from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import CMK, MICROSOFT, Scene, estate_of, sub_id


def _openssl(*arguments: object) -> None:
    command = ["openssl", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def _export(scene: Scene, out: Path, *options: object) -> str:
    ended = terminal_kit.run(
        *("evidence", "--url", scene.host.url, "--out", str(out), *map(str, options)),
        environment={"CMK_API_KEY": scene.host.keys.functions["api"]},
    )
    assert ended.code == 0, ended.err
    return ended.out + ended.err


def _verified(key: Path, *bundles: Path) -> tuple[int, str]:
    ended = terminal_kit.run("verify", *map(str, bundles), "--key", str(key), environment={})
    return ended.code, ended.out + ended.err


def _states(accounts: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return sorted((each["id"], each["verdict"], each["reason"]) for each in accounts)


@pytest.mark.long
def test_evidence_is_signed_continued_and_checked(open_scene: OpenScene, tmp_path: Path) -> None:
    """Keys of OpenSSL; an account becomes another one between the two bundles."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private)
    _openssl("pkey", "-in", private, "-pubout", "-out", public)
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

    said = _export(scene, second, "--sign-with-file", private, "--after", first, "--as-of", as_of)

    rebuilt = json.loads((second / "as-of.json").read_text())
    accounts = [each for where in rebuilt["subscriptions"] for each in where["accounts"]]
    assert "their counts match scan" in said
    assert f"cmk-check: check it: cmk-check verify {second} --key PUBLIC_KEY\n" in said
    assert _states(accounts) == then != _states(list(scene.findings().values()))
    assert _verified(public, first, second)[0] == 0
    (second / "as-of.json").write_text("{}")
    code, told = _verified(public, first, second)
    assert (code, "as-of.json was changed" in told) == (1, True)
