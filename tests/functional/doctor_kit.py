"""``doctor`` run as a process, and its lines taken apart; and its checks in this process."""

from collections.abc import Mapping
from contextlib import aclosing

import pytest

from cmk_check.doctor.all_checks import CHECKS, diagnose
from cmk_check.doctor.examined_app import DoctorSubject
from cmk_check.doctor.results import Mark
from local.simulator import Simulator
from tests.functional import terminal_kit

type Lines = dict[str, list[tuple[str, str]]]
type Line = tuple[Mark, str, str]


def trust_here(azure: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process take a simulated Azure for its own."""
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    # aiohttp has read the certificates that this process trusts when it was imported.
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", azure.client_ssl())


async def lines_about(subject: DoctorSubject) -> list[Line]:
    """Return mark, check and text of every line about an app."""
    async with aclosing(diagnose(CHECKS, subject, subject.unusable)) as found:
        return [(mark, check, text) async for check, mark, text in found]


def lines_of(out: str) -> Lines:
    """Return mark and text of every line, by check."""
    found: Lines = {}
    for line in out.splitlines():
        found.setdefault(line[9:23].strip(), []).append((line[:8].strip(), line[24:]))
    return found


def doctor(environment: Mapping[str, str]) -> tuple[int, Lines]:
    """Run it; return its exit code and its lines."""
    ended = terminal_kit.run("doctor", environment=environment)
    assert ended.err.startswith(("cmk-check: next: ", "cmk-check: fix the problems, "))
    return ended.code, lines_of(ended.out)


def of_mark(mark: str, lines: Lines) -> list[str]:
    """Return the checks that have a line with this mark."""
    return [check for check, said in lines.items() if mark in {each for each, _ in said}]
