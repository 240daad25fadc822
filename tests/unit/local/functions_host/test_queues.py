"""Timers and queues of a real app in a real host on Azurite, through failures and its death."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from azure.storage.queue import QueueClient, TextBase64EncodePolicy

from local.azurite import Azurite, Certificate
from local.simulator import Simulator
from tests.functional.forked_host import ForkedHost

pytestmark = pytest.mark.long

APP = Path(__file__).parent / "app"
_LEASE_SECONDS = 2


def _wait_until[T](look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail("nothing happened within 20 s")


def _events(host: ForkedHost, event: str) -> list[dict[str, Any]]:
    """Return the app's log lines of one kind."""
    lines = [json.loads(line) for line in host.output() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def _count(queue: QueueClient) -> int:
    """Return how many messages there are, hidden ones included."""
    return int(queue.get_queue_properties().approximate_message_count or 0)


def test_a_message_outlives_the_death_of_its_host(
    environment: dict[str, str], queue: QueueClient, tmp_path: Path
) -> None:
    """All state is in the queue: the next host takes it up once the lease has ended."""
    goes_on = tmp_path / "goes-on"
    with ForkedHost(APP, environment, timers=False, lease_seconds=_LEASE_SECONDS) as first:
        queue.send_message(json.dumps({"name": "order", "hangsUnless": str(goes_on)}))
        _wait_until(lambda: _events(first, "message"))
        first.kill()
    goes_on.touch()

    with ForkedHost(APP, environment, timers=False, lease_seconds=_LEASE_SECONDS) as second:
        _wait_until(lambda: _events(second, "done"))
        tries = _events(second, "message")

    assert _events(first, "done") == []
    assert [seen["dequeueCount"] for seen in tries] == [2]


def test_a_lease_is_renewed_so_that_a_long_run_is_the_only_one(
    environment: dict[str, str], queue: QueueClient, tmp_path: Path
) -> None:
    """Two hosts on one queue: the second must not get what the first still works on."""
    goes_on = tmp_path / "goes-on"
    with (
        ForkedHost(APP, environment, timers=False, lease_seconds=_LEASE_SECONDS) as first,
        ForkedHost(APP, environment, timers=False, lease_seconds=_LEASE_SECONDS) as second,
    ):
        queue.send_message(json.dumps({"name": "order", "hangsUnless": str(goes_on)}))
        _wait_until(lambda: _events(first, "message") + _events(second, "message"))
        time.sleep(_LEASE_SECONDS * 1.5)
        goes_on.touch()
        _wait_until(lambda: _events(first, "done") + _events(second, "done"))
        _wait_until(lambda: _count(queue) == 0)

        assert len(_events(first, "message") + _events(second, "message")) == 1


@dataclass(frozen=True, slots=True)
class _ByIdentity:
    """The test app's environment with storage that takes tokens, and the storage's queue."""

    environment: dict[str, str]
    queue: QueueClient


@pytest.fixture
def by_identity(queue_name: str, tmp_path: Path) -> Iterator[_ByIdentity]:
    """Azurite over HTTPS, and the identity endpoint that hands out tokens for it."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate = Certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(certificate.certificate)
    issued.private_key_pem.write_to_path(certificate.key)
    with Azurite(certificate=certificate) as storage, Simulator() as simulator:
        trusted = tmp_path / "trusted.pem"
        trusted.write_bytes(authority.cert_pem.bytes() + Path(simulator.ca_file).read_bytes())
        environment = simulator.environment() | {
            "SSL_CERT_FILE": str(trusted),
            "TEST_SCHEDULE": "0 0 0 1 1 *",
            "TEST_QUEUE": queue_name,
            "TEST_STORAGE__queueServiceUri": storage.queue_url,
            "TEST_STORAGE__credential": "managedidentity",
            "TEST_STORAGE__clientId": simulator.estate.user_assigned[0],
        }
        with QueueClient.from_connection_string(
            storage.connection_string,
            queue_name,
            connection_verify=str(trusted),
            message_encode_policy=TextBase64EncodePolicy(),
        ) as queue:
            yield _ByIdentity(environment, queue)


def test_a_queue_is_reached_by_managed_identity(by_identity: _ByIdentity) -> None:
    """On Azure there is no other way: keys are switched off."""
    with ForkedHost(APP, by_identity.environment, timers=False) as host:
        by_identity.queue.send_message(json.dumps({"name": "order"}))
        done = _wait_until(lambda: _events(host, "done"))

    assert done[0]["name"] == "order"
