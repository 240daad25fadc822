"""Fixtures for the commands."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cmk_check.cli import app
from tests.guard.infra.bicep_kit import bicep as compiler
from tests.unit.cli.check_kit import Check


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Run the command in a folder with these files, without sockets and without Bicep."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("no network")

    def run(*words: str, env: dict[str, str] | None = None, **files: object) -> Any:  # noqa: ANN401
        for name, text in files.items():
            raw = text if isinstance(text, bytes) else json.dumps(text, indent=1).encode()
            (tmp_path / f"{name}.json").write_bytes(raw)
        chosen = words or tuple(f"{name}.json" for name in files)
        return CliRunner().invoke(app, ["check", *chosen], env=env)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BICEP", "none")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return run


@pytest.fixture
def path() -> str:
    """The real Bicep, before ``check`` hides it."""
    return compiler()
