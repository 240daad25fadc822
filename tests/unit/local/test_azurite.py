"""Azurite as tests and the demo use it: on free ports, and gone when its block ends."""

import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from azure.storage.queue import QueueClient

from local.azurite import development_connection_string
from local.child_process import ChildProcess

REPOSITORY = Path(__file__).resolve().parents[3]


def _port(url: str) -> int:
    return urlsplit(url).port or 0


def _listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def test_development_storage_is_azurite_on_its_own_ports() -> None:
    """local.settings.json says UseDevelopmentStorage=true, which the Python SDK refuses."""
    with QueueClient.from_connection_string(development_connection_string(), "orders") as client:
        assert client.url == "http://127.0.0.1:10001/devstoreaccount1/orders"


_HOLDER = """
import time
from local.azurite import Azurite
with Azurite() as azurite:
    print(azurite.queue_url, flush=True)
    time.sleep(60)
"""


@pytest.mark.long
def test_it_ends_with_a_process_that_is_killed() -> None:
    """A test run that is killed must leave nothing behind."""
    path = {"PATH": os.environ["PATH"]}
    holder = ChildProcess([sys.executable, "-c", _HOLDER], environment=path, folder=REPOSITORY)
    port = _port(holder.wait_for(lambda lines: lines[0] if lines else None, 30))

    holder.kill()

    deadline = time.monotonic() + 10
    while _listens(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _listens(port)
