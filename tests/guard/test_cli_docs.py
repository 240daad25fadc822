"""The picture of a scan in a terminal."""

import os
import re
from collections.abc import Iterator, Mapping

import pytest

from local.simulator import Simulator
from local.terminal import left_on_screen, run_at_terminal
from tests.guard.documents import README, ROOT
from tools.terminal import COLUMNS, PICTURE, drawn


@pytest.fixture
def environment() -> Iterator[Mapping[str, str]]:
    """A shell of somebody who installed the command and signed in to the sample estate."""
    with Simulator("sample") as simulator:
        path = f"{ROOT / 'local/bin'}{os.pathsep}{os.environ['PATH']}"
        yield {"PATH": path, "LC_ALL": "C.UTF-8", **simulator.environment()}


@pytest.mark.long
def test_the_picture_is_what_a_scan_shows_today(environment: Mapping[str, str]) -> None:
    """`make terminal` draws it anew."""
    _, written = run_at_terminal(
        ["cmk-check", "scan"], environment=environment, columns=COLUMNS, seconds=60
    )

    shown = left_on_screen(written)
    assert drawn(shown) == PICTURE.read_text()
    # The demo shows the same estate.
    (posture,) = re.findall(r"posture: non_compliant: .* could not be read", README)
    bad, total, unknown, unread, subscriptions = re.findall(r"\d+", posture)
    counted = [(bad, total), (unknown, total), (unread, subscriptions)]
    assert re.findall(r"\((\d+) of (\d+)\)", shown) == counted


def test_the_picture_asks_nobody_and_names_no_machine() -> None:
    """A page that shows it must not make its readers' browsers call anybody."""
    picture = PICTURE.read_text()

    assert not re.search(r"font-face|href|url\(\W?http|/tmp|/home", picture)
