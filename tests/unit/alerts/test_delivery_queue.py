"""What goes on the queues: ranges of the feed, and batches of CloudEvents."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmk_check.alerts.delivery_queue import (
    QueueSink,
    build_batches,
    format_message,
    list_ranges,
    parse_message,
)
from cmk_check.core.alert_routes import ROUTE_NAME
from cmk_check.core.cloudevents import to_cloudevent
from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.limits import (
    CHANGES_PER_DELIVERY_MESSAGE,
    MAX_CHANGES_MESSAGE_BYTES,
    MAX_DELIVERY_ATTEMPT,
)
from cmk_check.ports import DeliveryMessage, QueueError
from cmk_check.store.table_keys import LAST_NUMBER
from tests.fakes.delivery import MemoryTexts

NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)


def change(change_id: str, **data: object) -> Change:
    """Return a change with this id."""
    subject = f"/s/{change_id}"
    return Change(change_id, ChangeType.ACCOUNT_VIOLATED, NOON, "/s", subject, data, 3)


async def test_a_publication_is_one_range_and_one_batch() -> None:
    """Both queues get it: the numbers are for us, the events for subscribers."""
    ranges, events = MemoryTexts(), MemoryTexts()
    published = [(8, change("a")), (9, change("b"))]

    await QueueSink(ranges, events).accept(published)

    # Without subscribers, the queue of events is not filled.
    await QueueSink(ranges, None).accept(published)
    assert ranges.texts() == ['{"first": 8, "last": 9}'] * 2
    (batch,) = events.texts()
    assert json.loads(batch) == [to_cloudevent(entry) for _, entry in published]


@pytest.mark.parametrize("which", [0, 1])
async def test_a_queue_that_is_down_is_raised(which: int) -> None:
    """The relay leaves the outbox then (P3)."""
    queues = [MemoryTexts(), MemoryTexts()]
    queues[which].is_down = True

    with pytest.raises(QueueError):
        await QueueSink(*queues).accept([(8, change("a"))])


@given(st.lists(st.integers(1, 30)))
def test_ranges_hold_exactly_the_numbers_published(numbers: list[int]) -> None:
    """A change that was published long ago must not include all later ones."""
    ranges = list_ranges(numbers)

    told = [number for entry in ranges for number in range(entry.first, entry.last + 1)]
    assert told == sorted(set(numbers))
    assert all(one.last + 1 < two.first for one, two in pairwise(ranges))


_WEIGHT: Final = st.sampled_from([0, 100, 12_000, 23_000, 47_900, 60_000])


@given(st.lists(st.tuples(_WEIGHT, st.sampled_from(["x", "\U0001f600", '"'])), max_size=12))
def test_batches_hold_every_event_in_order_and_fit(weights: list[tuple[int, str]]) -> None:
    """A message that the service refuses would hold up the outbox for ever."""
    changes = [
        change(f"id-{number}", name=letter * weight)
        for number, (weight, letter) in enumerate(weights)
    ]

    batches = list(build_batches(changes))

    assert all(len(batch.encode()) <= MAX_CHANGES_MESSAGE_BYTES < 48 * 1024 for batch in batches)
    events = [event for batch in batches for event in json.loads(batch)]
    for event, entry in zip(events, changes, strict=True):
        assert (event["id"], event["subject"]) == (entry.id, entry.subject)
        whole = to_cloudevent(entry)
        assert event == whole or len(json.dumps(whole)) > MAX_CHANGES_MESSAGE_BYTES
        assert bool(event["data"]["name"]) == bool(entry.data["name"])


def sized(change_id: str, size: int) -> Change:
    """Return a change whose event is JSON of this many characters."""
    bare = json.dumps(to_cloudevent(change(change_id, name="")), separators=(",", ":"))
    return change(change_id, name="x" * (size - len(bare)))


@pytest.mark.parametrize(("more", "batches"), [(0, 1), (1, 2)])
def test_a_message_is_filled_to_its_last_byte(more: int, batches: int) -> None:
    """Each message costs its reader a call; only an event that does not fit alone is cut."""
    first, second = sized("a", 20_000), sized("b", MAX_CHANGES_MESSAGE_BYTES - 20_003 + more)
    large = sized("a", MAX_CHANGES_MESSAGE_BYTES - 2 + more)

    found = [*build_batches([first, second]), *build_batches([large])]

    assert len(found) == batches + 1
    assert max(map(len, found)) <= MAX_CHANGES_MESSAGE_BYTES
    assert (json.loads(found[-1]) == [to_cloudevent(large)]) is (not more)


@example(LAST_NUMBER, 0, MAX_DELIVERY_ATTEMPT, None)
@given(
    st.integers(1, 10**18),
    st.integers(0, 999),
    st.none() | st.integers(0, 99),
    st.none() | st.from_regex(ROUTE_NAME, fullmatch=True),
)
def test_a_message_is_read_as_it_was_written(
    first: int, more: int, attempt: int | None, route: str | None
) -> None:
    """Both ends of the queue are ours."""
    message = DeliveryMessage(first, first + more, route=route)
    if attempt is not None:
        message = DeliveryMessage(first, first + more, attempt, NOON, route)

    assert parse_message(format_message(message)) == message


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ("[1, 2]", "object with first and last"),
        ('{"first": 1, "last": 2, "url": "https://evil.example"}', "object with first and last"),
        ('{"first": true, "last": 2}', "first must be a whole"),
        ('{"first": 1, "last": 2.0}', "last must be a whole"),
        ('{"first": 0, "last": 2}', "must be a range"),
        ('{"first": 3, "last": 2}', "must be a range"),
        (f'{{"first": 1, "last": {CHANGES_PER_DELIVERY_MESSAGE + 1}}}', "must be a range"),
        (f'{{"first": {10**4000}, "last": {10**4000}}}', "must be a range"),
        ('{"first": 1, "last": 2, "attempt": -1}', "attempt must be from 0"),
        ('{"first": 1, "last": 2, "attempt": 99999999}', "attempt must be from 0"),
        ('{"first": 1, "last": 2, "since": "noon"}', "since must be a time"),
        ('{"first": 1, "last": 2, "since": "2026-11-25T12:00:00"}', "since must have a time zone"),
        ('{"first": 1, "last": 2, "route": "A\\n"}', "route must be the name"),
    ],
    ids=range(15),
)
def test_any_other_message_is_refused_with_what_is_wrong(text: str, wrong: str) -> None:
    """A forged message ends on the poison queue, where people can see it."""
    with pytest.raises(ValueError, match=wrong):
        parse_message(text)
