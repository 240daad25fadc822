"""The benchmark's counters: what is counted is what the store was asked. Nothing is timed here."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import HttpRequest

from bench.recorded_requests import Sent, recorded
from bench.scanning import Scanned, Scanning
from cmk_check.ports import AT_ONCE
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import World, bad, good, sub


class Nobody:
    """A queue that nobody reads."""

    async def send(self, texts: Sequence[str], *, delay: timedelta = AT_ONCE) -> None:
        """Take them."""


def small_world(store: RecordingStore) -> World:
    """Return three subscriptions in two slices, with two accounts each."""
    world = World(store, slice_size=2)
    world.listed(sub(1), sub(2), sub(3))
    for number in (1, 2, 3):
        world.read(sub(number), good(sub(number), "a"), bad(sub(number), "b"))
    return world


async def scan(world: World, *, keep_commits: bool = False) -> Scanned:
    """Scan an hour later."""
    world.clock.advance(timedelta(hours=1))
    bench = Scanning(world.context, world.store, Nobody())
    return await bench.scan(keep_commits=keep_commits)


async def test_every_request_to_the_tables_is_counted() -> None:
    """Costs are worked out from these numbers."""
    store = RecordingStore()

    counts = (await scan(small_world(store), keep_commits=True)).counts

    reads = [entry for entry in store.log if entry.name != "commit"]
    writes = [entry for entry in store.log if entry.name == "commit"]
    # The last read is the bench's own: how did the scan end?
    assert counts.table_reads == len(reads) - 1
    assert counts.table_writes.total() == len(writes)
    assert counts.commits is not None
    assert [commit.writes for commit in counts.commits] == [entry.writes for entry in writes]


async def test_every_request_to_azure_and_every_message_is_counted() -> None:
    """One list of subscriptions, one of accounts in each; each message costs three requests."""
    found = await scan(small_world(RecordingStore()))

    assert found.counts.arm == 1 + 3
    assert found.counts.slices == 2
    assert (found.accounts, found.changes) == (6, 6)
    # The plan, two slices, and what these and the end of the scan tell.
    assert found.counts.queue == 3 * (1 + 2 + 3)


async def test_requests_to_azure_are_counted_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floor sends the same ones; its token is its own."""
    origin = "https://127.0.0.1:1"
    monkeypatch.setenv("CMK_ARM_URL", origin)
    paths = ["/subscriptions/1/providers/Microsoft.CognitiveServices/accounts", "/msi/token"]

    with recorded(keep=True) as sent:
        transport = AioHttpTransport()
        for url in (*(f"{origin}{path}" for path in paths), "http://127.0.0.1:1/table"):
            with pytest.raises(ServiceRequestError):
                await transport.send(HttpRequest("GET", url))
        await transport.close()

    assert sent.kinds == {"account": 1}
    assert sent.of_accounts == [Sent("account", "GET", f"{origin}{paths[0]}", None)]
