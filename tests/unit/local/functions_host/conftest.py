"""The test app in a host of its own for each module, and queues of names of their own."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import ClientSession
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from local.azurite import Azurite
from local.functions_host.process import FunctionsHost
from tests.functional.forked_host import ForkedHost

APP = Path(__file__).parent / "app"


@pytest.fixture
def queue_name() -> str:
    """A queue that no other test uses."""
    return f"orders-{uuid4().hex[:8]}"


@pytest.fixture
def environment(azurite: Azurite, queue_name: str) -> dict[str, str]:
    """What the test app needs, with retries after a second."""
    return {
        "TEST_SCHEDULE": "0 0 0 1 1 *",
        "TEST_QUEUE": queue_name,
        "TEST_STORAGE": azurite.connection_string,
        "AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:01",
    }


@pytest.fixture
def queue(azurite: Azurite, queue_name: str) -> Iterator[QueueClient]:
    """The test app's queue; it sends what the host expects: base64."""
    with QueueClient.from_connection_string(
        azurite.connection_string, queue_name, message_encode_policy=TextBase64EncodePolicy()
    ) as client:
        yield client


@pytest.fixture(scope="module")
def http_host(azurite: Azurite) -> Iterator[FunctionsHost]:
    """The test app for requests only: one start for all of them."""
    settings: Mapping[str, str] = {
        "TEST_SCHEDULE": "0 0 0 1 1 *",
        "TEST_QUEUE": f"http-{uuid4().hex[:8]}",
        "TEST_STORAGE": azurite.connection_string,
    }
    with ForkedHost(APP, settings, timers=False) as host:
        yield host


@pytest.fixture
async def client(http_host: FunctionsHost) -> AsyncIterator[ClientSession]:
    """Connections to that host."""
    async with ClientSession(http_host.url) as session:
        yield session
