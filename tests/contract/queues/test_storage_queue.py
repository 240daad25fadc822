"""Queues against Azurite: what is sent is what the host will read, and when."""

import socket
import time
import traceback
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from aiohttp import web
from azure.core.exceptions import ResourceNotFoundError
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.queue import QueueMessage, TextBase64DecodePolicy
from azure.storage.queue.aio import QueueClient
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.limits import CHANGES_MESSAGE_LIFETIME, MAX_CHANGES_MESSAGE_BYTES, MAX_SLICES
from cmk_check.ports import QueueError, SliceMessage
from cmk_check.queues.slices import SLICES_QUEUE, format_message, parse_message
from cmk_check.queues.storage_queue import StorageQueue, StorageQueues
from cmk_check.store.scans import build_scan_id
from local.azurite import Azurite
from tests.contract.conftest import GENEROUS_SECONDS, Https
from tests.contract.store.connections import UnsignedTokens, transport

SCAN = "20261124T231500Z-3fa9"
# As JSON: another type, half a character, a second line of the log, no date, and more than a line.
STRANGE_IDS = (
    *("1", "null", '""', '"s-1"', f'"{SCAN} "', f'"{SCAN}\\n"', f'"{SCAN}\\ud800"'),
    *(
        '"\\ud800"',
        '"20261399T231500Z-3fa9"',
        '"\u0662\u0660261124T231500Z-3fa9"',
        f'"{SCAN}{"a" * 10_000}"',
    ),
)


@pytest.fixture
def queue(azurite: Azurite, shared: AioHttpTransport) -> StorageQueue:
    """The sending end of a queue."""
    return _queue(azurite.connection_string, shared)


@pytest.fixture
async def reader(azurite: Azurite, shared: AioHttpTransport) -> QueueClient:
    """The receiving end, of a queue that does not exist yet."""
    client = QueueClient.from_connection_string(
        azurite.connection_string,
        SLICES_QUEUE,
        message_decode_policy=TextBase64DecodePolicy(),
        transport=shared,
    )
    with suppress(ResourceNotFoundError):
        await client.delete_queue()
    return client


def _queue(text: str, shared: AioHttpTransport, live: timedelta | None = None) -> StorageQueue:
    return StorageQueues.open(text, transport=shared).queue(SLICES_QUEUE, live)


def _at(port: int) -> str:
    return (
        "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=AAAA;"
        f"QueueEndpoint=http://127.0.0.1:{port}/devstoreaccount1"
    )


async def _received(reader: QueueClient) -> dict[str, QueueMessage]:
    """Take what is in a queue and seen, by its text."""
    messages = [message async for message in reader.receive_messages(messages_per_page=32)]
    found = {message.content: message for message in messages}
    assert len(found) == len(messages)
    return found


def _lives(message: QueueMessage) -> timedelta:
    assert isinstance(message.inserted_on, datetime)
    assert isinstance(message.expires_on, datetime)
    return message.expires_on - message.inserted_on


async def test_messages_have_exactly_the_form_of_the_contract(
    queue: StorageQueue, reader: QueueClient
) -> None:
    """The function that reads them is another process, perhaps of another version."""
    await queue.send([format_message(SliceMessage("s-1", number)) for number in (7, None)])

    texts = {'{"scanId": "s-1", "slice": 7}', '{"scanId": "s-1", "slice": null}'}
    assert (await _received(reader)).keys() == texts


async def test_all_messages_of_a_scan_arrive_once(queue: StorageQueue, reader: QueueClient) -> None:
    """The queue is created by the first of them, which are sent at the same time."""
    messages = {SliceMessage(SCAN, number) for number in range(100)}

    await queue.send([*map(format_message, messages)])

    assert {parse_message(text) for text in await _received(reader)} == messages


async def test_a_delayed_message_is_there_and_not_seen(
    queue: StorageQueue, reader: QueueClient
) -> None:
    """A post that failed is tried again when its time has come, not at once."""
    await queue.send(["later"], delay=timedelta(hours=1))
    await queue.send(["now"])

    assert [*await _received(reader)] == ["now"]
    assert (await reader.get_queue_properties()).approximate_message_count == 2


async def test_the_users_messages_live_for_a_week_and_our_own_do_not_expire(
    azurite: Azurite, shared: AioHttpTransport, queue: StorageQueue, reader: QueueClient
) -> None:
    """A queue that nobody reads must not grow; an app that stood still must tell what it found."""
    users = _queue(azurite.connection_string, shared, CHANGES_MESSAGE_LIFETIME)

    await users.send(["the user's"])
    await queue.send(["ours"])

    lives = {text: _lives(message) for text, message in (await _received(reader)).items()}
    assert lives["the user's"] == timedelta(days=7)
    assert lives["ours"] > timedelta(days=365)


async def test_the_largest_batch_is_taken_and_comes_back_whole(
    queue: StorageQueue, reader: QueueClient
) -> None:
    """As base64 it grows by a third, and the service takes 64 KiB."""
    text = "x" * MAX_CHANGES_MESSAGE_BYTES

    await queue.send([text])

    assert [*await _received(reader)] == [text]
    with pytest.raises(QueueError, match=SLICES_QUEUE):
        await queue.send(["x" * 49_153])


async def test_a_queue_can_be_used_with_tokens(azurite_https: Https) -> None:
    """On Azure there is no key."""
    credential = UnsignedTokens()
    async with transport(azurite_https.authority) as shared:
        url = azurite_https.azurite.queue_url
        queues = StorageQueues.open(url, credential, transport=shared)
        await queues.queue(SLICES_QUEUE).send([format_message(SliceMessage(SCAN, 1))])
        await queues.close()

        reader = QueueClient(url, SLICES_QUEUE, credential=credential, transport=shared)
        assert len(await _received(reader)) == 1


async def test_a_wrong_key_is_an_error_that_says_what_to_grant(
    azurite: Azurite, shared: AioHttpTransport
) -> None:
    """Whoever reads the log learns what to do, and no secret."""
    text = azurite.connection_string.replace("AccountKey=Eby8", "AccountKey=AAAA")

    with pytest.raises(QueueError, match="Storage Queue Data Contributor") as raised:
        await _queue(text, shared).send(["text"] * 20)

    key = text.partition("AccountKey=")[2].partition(";")[0]
    assert key not in "".join(traceback.format_exception(raised.value))


async def test_a_queue_that_is_down_is_an_error_soon(shared: AioHttpTransport) -> None:
    """The scan is then closed as failed, within the delivery."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    started = time.monotonic()

    with pytest.raises(QueueError):
        await _queue(_at(port), shared).send(["text"])

    assert time.monotonic() - started < GENEROUS_SECONDS


async def test_a_redirect_is_not_followed(shared: AioHttpTransport) -> None:
    """The service sends none, and the token would go to wherever it points."""
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", redirect)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()

    with pytest.raises(QueueError):
        await _queue(_at(runner.addresses[0][1]), shared).send(["text"])

    await runner.cleanup()
    assert asked == [f"/devstoreaccount1/{SLICES_QUEUE}/messages"]


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - st.datetimes wants naive ones
    st.from_regex("[0-9a-f]{4}", fullmatch=True),
    st.none() | st.integers(0, MAX_SLICES - 1),
)
def test_a_message_is_read_as_it_was_written(
    started: datetime, suffix: str, number: int | None
) -> None:
    """Both ends of the queue are ours."""
    message = SliceMessage(build_scan_id(started, suffix), number)

    assert parse_message(format_message(message)) == message


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "must be JSON"),
        ("{", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ("null", "exactly scanId and slice"),
        ("[]", "exactly scanId and slice"),
        ('{"scanId": "s"}', "exactly scanId and slice"),
        ('{"scanId": "s", "slice": 1, "more": 2}', "exactly scanId and slice"),
        *(
            (f'{{"scanId": {scan_id}, "slice": 1}}', "scanId must be the id of a scan")
            for scan_id in STRANGE_IDS
        ),
        *(
            (f'{{"scanId": "{SCAN}", "slice": {number}}}', "slice must be null")
            for number in ("-1", "1.0", "true", '"1"', MAX_SLICES, "9" * 4000)
        ),
    ],
    ids=range(7 + len(STRANGE_IDS) + 6),
)
def test_any_other_message_is_refused_with_what_is_wrong(text: str, wrong: str) -> None:
    """A foreign message ends on the poison queue, and its line in the log must be of use."""
    with pytest.raises(ValueError, match=wrong) as raised:
        parse_message(text)

    assert len(str(raised.value)) < 100
