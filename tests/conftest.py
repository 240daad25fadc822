"""What holds for every test: no network but loopback, a clean environment, the same examples."""

import gc
import ipaddress
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from local.azurite import Azurite
from tests.heavy_tools import require_tools

settings.register_profile("ci", max_examples=50, derandomize=True, print_blob=True, deadline=None)
settings.register_profile("explore", max_examples=5_000, print_blob=True, deadline=None)
settings.register_profile(  # to fail is enough where the code is broken on purpose
    "mutants", settings.get_profile("ci"), max_examples=25, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("ci")  # for examples never tried: pytest --hypothesis-profile=explore

# The settings of whoever runs the tests are hidden: an estate of theirs must never be scanned.
_FOREIGN = ("AZURE", "CMK_", "FUNCTIONS_", "IDENTITY_", "MSI_", "WEBSITE_")
_PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
for _name in list(os.environ):
    if _name.upper().startswith(_FOREIGN) or _name.upper() in _PROXIES:
        del os.environ[_name]

# A shell lets what it starts in the background ignore Ctrl-C, and each process of a test would too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class NetworkUsedError(Exception):
    """A test asked for a host other than this one. No OSError, or retries would swallow it."""


_strangers: list[str] = []


def _is_loopback(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    try:
        return name == "localhost" or ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_strangers(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    if not _is_loopback(host):
        _strangers.append(str(host))
        message = f"a test asked for the host {host!r}"
        raise NetworkUsedError(message)


sys.addaudithook(_refuse_strangers)


@cache
def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _is_wholly_long(path: Path) -> bool:
    return bool(re.search(r"(?m)^pytestmark = pytest\.mark\.(long$|tools\()", _text(path)))


def _has_nothing(path: Path, marks: str) -> bool:
    # What the tests of a folder share may mark some of them.
    below = [folder for folder in path.parents if Path(__file__).parent in folder.parents]
    sources = [path, *(folder / "conftest.py" for folder in below)]
    return not any(re.search(rf"mark\.({marks})\b", _text(source)) for source in sources)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files unread that have no wanted test: each worker would import them.

    Folders of nothing but such files are left out with what their tests share.
    """
    unwanted: dict[str, Callable[[Path], bool]] = {
        "long": lambda path: _has_nothing(path, "long|tools"),
        "not long": _is_wholly_long,
        "tools": lambda path: _has_nothing(path, "tools"),
    }
    is_unwanted = unwanted.get(config.option.markexpr)
    tests = [collection_path] if collection_path.match("test_*.py") else []
    if collection_path.is_dir():
        tests = list(collection_path.rglob("test_*.py"))
    if is_unwanted is None or not tests:
        return None
    return all(map(is_unwanted, tests)) or None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Count what needs a heavy tool among the long tests."""
    if item.get_closest_marker("tools"):
        item.add_marker(pytest.mark.long)


@pytest.hookimpl(tryfirst=True)  # before its fixtures start
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave what needs a heavy tool to `make test-tools`, and say so."""
    require_tools(item)


def pytest_collection() -> None:
    """Collect thousands of tests, which all stay, without searching them for garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for garbage from now on, but not among what was collected."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _no_network_but_loopback() -> Iterator[None]:
    """Fail a test that asked for another host, though the code under test took it for an outage."""
    _strangers.clear()
    yield
    assert not _strangers, f"the test asked for {_strangers}"


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Azurite over HTTP for all tests of a process: each empties what it uses, or names its own."""
    with Azurite() as running:
        yield running
