"""The Python of docs/alerts.md, run as it is shown: against a queue, the API, signed requests."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from aiohttp import web
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient
from standardwebhooks import Webhook, WebhookVerificationError

from cmk_check.alerts.delivery_queue import CHANGES_QUEUE, DELIVERY_QUEUE, QueueSink
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.queues.storage_queue import StorageQueues
from cmk_check.store.change_feed import FeedTable
from local.azurite import Azurite
from tests.contract.store.connections import transport
from tests.unit.web import asgi_client
from tests.unit.web.api_kit import Served

PAGE = (Path(__file__).parents[2] / "docs/alerts.md").read_text()
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
TYPES = {kind.value.removeprefix("cmkcheck."): kind for kind in ChangeType}


def _shown(name: str) -> Any:  # noqa: ANN401 - whatever the document defines
    """Run the block of the document that defines a name, and return what it is."""
    (block,) = [
        code for code in re.findall(r"(?s)```python\n(.*?)```", PAGE) if f"def {name}(" in code
    ]
    defined: dict[str, Any] = {}
    exec(compile(block, "docs/alerts.md", "exec"), defined)  # noqa: S102 - our own document
    return defined[name]


def _change(number: int, kind: ChangeType = ChangeType.ACCOUNT_VIOLATED) -> Change:
    data: dict[str, object] = {"name": "chat", "baseline": False}
    return Change(f"c{number}", kind, NOON, "/subscriptions/s", "/subscriptions/s/a", data, number)


@pytest.fixture
async def reader(azurite: Azurite) -> AsyncIterator[QueueClient]:
    """The queue as a subscriber opens it, empty; and the app's end of it has told twice."""
    async with transport() as shared:
        client = QueueClient.from_connection_string(
            azurite.connection_string,
            CHANGES_QUEUE,
            message_decode_policy=TextBase64DecodePolicy(),
            transport=shared,
        )
        with suppress(ResourceNotFoundError):
            await client.delete_queue()
        queues = StorageQueues.open(azurite.connection_string, transport=shared)
        sink = QueueSink(queues.queue(DELIVERY_QUEUE), queues.queue(CHANGES_QUEUE))
        for _ in range(2):
            await sink.accept([(1, _change(1)), (2, _change(2))])
        yield client


async def test_the_consumer_handles_each_change_once_and_empties_the_queue(
    reader: QueueClient,
) -> None:
    """What is shown is copied, with its faults."""
    handled: list[str] = []

    await _shown("consume")(reader, set(), lambda change: handled.append(change["id"]))

    assert handled == ["c1", "c2"]
    assert [message async for message in reader.receive_messages()] == []


async def test_the_consumer_keeps_a_message_that_it_could_not_handle(reader: QueueClient) -> None:
    """Deleted first, a change would be lost with the consumer."""

    def fail(_: object) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await _shown("consume")(reader, set(), fail)

    assert (await reader.get_queue_properties()).approximate_message_count == 2


@pytest.fixture
async def feed() -> AsyncIterator[tuple[str, FeedTable]]:
    """The real API over HTTP, with a feed of three changes, one a page."""
    served = Served()
    table = FeedTable(served.store)
    await table.publish([_change(number) for number in (1, 2, 3)])
    app = served.app()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = await asgi_client.send(app, request.path_qs, headers)
        # The API takes itself to be asked over TLS, as it is behind the platform.
        body = answer.body.replace(b'"https://127.0.0.1', b'"http://127.0.0.1')
        return web.Response(status=answer.status, body=body)

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/v1/changes?top=1", table
    await runner.cleanup()


async def test_the_poller_reads_all_pages_and_goes_on_where_it_was(
    feed: tuple[str, FeedTable],
) -> None:
    """Neither skipping nor repeating is what the link promises."""
    link, table = feed
    handled: list[str] = []
    poll: Callable[..., str] = _shown("poll")

    def handle(change: dict[str, Any]) -> None:
        handled.append(change["id"])

    link = await asyncio.to_thread(poll, link, "key", handle)
    await table.publish([_change(4)])
    again = await asyncio.to_thread(poll, link, "key", handle)

    assert handled == ["c1", "c2", "c3", "c4"]
    assert await asyncio.to_thread(poll, again, "key", handle) == again


async def test_the_poller_is_told_when_its_link_is_too_old(feed: tuple[str, FeedTable]) -> None:
    """The document says 410, and to begin anew."""
    link = f"{feed[0]}&since=99"

    with pytest.raises(HTTPError) as raised:
        await asyncio.to_thread(_shown("poll"), link, "key", print)

    with raised.value as answer:
        assert (answer.code, json.load(answer)["error"]["code"]) == (410, "ResyncRequired")


def test_the_receiver_takes_what_is_signed_and_nothing_else() -> None:
    """Whoever finds the URL could else open tickets."""
    secret = "whsec_" + base64.b64encode(bytes(range(24))).decode()
    time = datetime.now(UTC)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(time.timestamp()))}
    headers["webhook-signature"] = Webhook(secret).sign("msg_1", time, '[{"id":"c1"}]')

    assert _shown("changes_of")(b'[{"id":"c1"}]', headers, secret) == [{"id": "c1"}]
    with pytest.raises(WebhookVerificationError):
        _shown("changes_of")(b'[{"id":"c2"}]', headers, secret)


@pytest.mark.parametrize(
    ("kind", "health", "todo"),
    [
        ("account.discovered", "healthy", set()),
        ("account.violated", None, {"open /a", "close /a key"}),
        ("account.unverifiable", None, {"open /a", "close /a key"}),
        ("account.resolved", "broken", {"close /a"}),
        ("account.updated", "healthy", set()),
        ("account.removed", None, {"close /a", "close /a key"}),
        ("key.degraded", "broken", {"open /a key"}),
        ("key.recovered", "at_risk", set()),
        ("key.recovered", "healthy", {"close /a key"}),
        ("coverage.lost", None, {"open /a"}),
        ("coverage.regained", None, {"close /a"}),
        ("coverage.removed", None, {"close /a"}),
        ("scan.failed", None, {"open cmk_check scans"}),
        ("scan.abandoned", None, {"open cmk_check scans"}),
        ("scan.recovered", None, {"close cmk_check scans"}),
        ("scan.baseline", None, set()),
    ],
)
@pytest.mark.parametrize("url", [None, "https://cmk.example/finding"])
def test_a_ticket_is_closed_under_the_key_it_was_opened_with(
    kind: str, health: str | None, todo: set[str], url: str | None
) -> None:
    """Else tickets stay open for ever; an account that leaves its key takes that ticket along."""
    data = {"after": {"keyHealth": health}, "sequence": 1, "findingUrl": url}
    event = {"type": TYPES[kind].value, "subject": "/a", "data": data}

    found = {f"{verb} {key}" for verb, key in _shown("tickets")(event, {})}

    assert found == {each.replace("/a", url or "/a") for each in todo}
    assert _shown("tickets")(event | {"data": data | {"test": True}}, {}) == []


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_tickets_end_as_the_newest_changes_say_in_whatever_order_they_come(
    order: tuple[int, ...],
) -> None:
    """A late "resolved" must not close the ticket of an account that is violated again."""
    told = ["account.violated", "account.resolved", "key.degraded", "account.violated"]
    events = [
        {"type": TYPES[kind].value, "subject": "/a", "data": {"sequence": number, "after": {}}}
        for number, kind in enumerate(told, 1)
    ]
    last: dict[str, int] = {}
    tickets: dict[str, str] = {}

    for place in (*order, *order[:2]):
        tickets |= {key: verb for verb, key in _shown("tickets")(events[place], last)}

    assert tickets == {"/a": "open", "/a key": "close"}
