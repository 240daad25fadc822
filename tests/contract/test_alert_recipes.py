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
from cmk_check.alerts.sample_alert import sample_change
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
        queues = StorageQueues.by_connection_string(azurite.connection_string, transport=shared)
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
    ("opening", "closing", "key"),
    [
        ("account.violated", "account.resolved", "https://cmk.example/finding"),
        ("account.violated", "account.removed", "https://cmk.example/finding"),
        ("account.unverifiable", "account.resolved", "https://cmk.example/finding"),
        ("coverage.lost", "coverage.regained", "/subscriptions/s/a"),
        ("coverage.lost", "coverage.removed", "/subscriptions/s/a"),
        ("data.exposed", "data.covered", "/subscriptions/s/a data"),
        ("scan.failed", "scan.recovered", "cmk_check scans"),
        ("scan.abandoned", "scan.recovered", "cmk_check scans"),
    ],
)
def test_a_ticket_is_closed_under_the_key_it_was_opened_with(
    opening: str, closing: str, key: str
) -> None:
    """Else tickets stay open for ever, and nobody looks at them."""
    data: dict[str, object] = {"findingUrl": key} if key.startswith("https:") else {}
    data["sequence"] = 1

    def event(kind: str) -> dict[str, object]:
        subject = f"/scans/{kind}" if kind.startswith("scan.") else "/subscriptions/s/a"
        return {"type": TYPES[kind].value, "subject": subject, "data": data}

    assert _shown("tickets")(event(opening), {})[0] == ("open", key)
    assert _shown("tickets")(event(closing), {})[0] == ("close", key)


@pytest.mark.parametrize(
    ("kind", "health", "todo"),
    [
        ("key.degraded", "broken", ["open"]),
        ("key.recovered", "at_risk", []),
        ("key.recovered", "healthy", ["close"]),
        ("account.violated", None, ["close"]),
        ("account.unverifiable", None, ["close"]),
        ("account.removed", None, ["close"]),
        ("account.resolved", "broken", []),
        ("account.discovered", "healthy", []),
        ("account.updated", "healthy", []),
    ],
)
def test_a_ticket_of_a_key_is_open_while_the_key_is_not_well(
    kind: str, health: str | None, todo: list[str]
) -> None:
    """An account that leaves its key takes the ticket along: nobody will ever tell of it again."""
    data = {"after": {"keyHealth": health}, "sequence": 1}
    event = {"type": TYPES[kind].value, "subject": "/a", "data": data}

    found = [verb for verb, key in _shown("tickets")(event, {}) if key == "/a key"]

    assert found == todo


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


def test_no_ticket_is_opened_by_a_test_or_by_what_is_no_fault() -> None:
    """A ticket of an account that does not exist cannot be closed."""
    test = sample_change("id", NOON)
    quiet = ["account.discovered", "account.updated", "scan.baseline"]

    assert _shown("tickets")({"type": test.type.value, "subject": "s", "data": test.data}, {}) == []
    for kind in quiet:
        event = {"type": TYPES[kind].value, "subject": "s", "data": {"sequence": 1}}
        assert _shown("tickets")(event, {}) == []
