"""A host by fork is like one that is started as people start it, but for the time that takes."""

import signal
import sys
from pathlib import Path

import pytest

from tests.functional.conftest import OpenScene
from tests.functional.estate_kit import MICROSOFT, estate_of
from tests.functional.forked_host import ForkedChild

pytestmark = pytest.mark.long
_only_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has forks of hosts")

_FOLDER = Path(__file__).parent
_WHAT_IT_HAS = """
import os, random, sys, threading
print(
    'found', 'tests.functional.preloaded' in sys.modules, 'function_app' in sys.modules,
    threading.active_count(), dict(os.environ), os.getcwd(), random.random(), sep='|', flush=True
)
"""


def _forked(code: str) -> ForkedChild:
    """Let a fork run Python code; timeit is a module that does so."""
    command = [sys.executable, "-m", "timeit", "-n1", "-r1", code]
    return ForkedChild(command, environment={"ONE": "1"}, folder=_FOLDER)


def _found() -> list[str]:
    child = _forked(_WHAT_IT_HAS)
    assert child.wait(10) == 0
    (line,) = (line for line in child.lines() if line.startswith("found|"))
    return line.split("|")[1:]


@_only_linux
def test_a_fork_has_the_imports_and_nothing_else_of_the_server() -> None:
    """Without the imports a host starts all the same, and takes as long as ever."""
    imported, app, threads, environment, folder, random = _found()

    assert (imported, app, threads) == ("True", "False", "1")
    assert (environment, folder) == ("{'ONE': '1'}", str(_FOLDER))
    assert random != _found()[-1]


@_only_linux
def test_how_a_fork_ended_is_known() -> None:
    """By a signal, by itself when its input ends, and by being asked to."""
    children = [_forked("import os; os.read(0, 1); os._exit(7)") for _ in range(3)]
    assert [child.exit_code for child in children] == [None] * 3

    children[0].kill()
    children[1].close_input()
    codes = [children[0].exit_code, children[1].wait(10), children[2].terminate(10)]
    assert codes == [-signal.SIGKILL, 7, -signal.SIGTERM]


def test_a_forked_host_ends_with_its_input(open_scene: OpenScene) -> None:
    """So that none outlives a test worker that is killed."""
    assert open_scene(estate_of({"chat": MICROSOFT})).host.close_input() == 0
