"""Delivery: alerts are posted in order, failures are retried for a day, nothing is sent twice."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cmk_check.alerts.deliver import deliver, get_delay
from cmk_check.alerts.delivery_queue import parse_message
from cmk_check.core.model import Change
from cmk_check.limits import LONGEST_DELIVERY_DELAY
from cmk_check.ports import DeliveryFailed, DeliveryMessage, QueueError, Scalar, Table
from cmk_check.store.change_feed import FeedTable
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.world import BEGINNING
from tests.unit.accepted import check_accepted
from tests.unit.alerts.delivery_scene import DOWN, READ_FEED, TOO_LARGE, UPDATED, VIOLATED, Scene

GOLDEN = Path(__file__).parent / "golden"
SECOND = timedelta(seconds=1)
FIRST = timedelta(microseconds=1)  # what tells the first range of a second from the others
SINCE = BEGINNING.isoformat()


@pytest.mark.parametrize(
    ("first", "last", "ids"),
    [(2, 4, ["c2", "c4"]), (3, 3, []), (5, 900, ["c5"]), (6, 900, []), (10**19, 10**20 - 1, [])],
    ids=["in order", "no alert", "ends beyond the feed", "beyond", "far beyond"],
)
async def test_a_range_tells_only_the_alerts_in_it(
    scene: Scene, first: int, last: int, ids: list[str]
) -> None:
    """An empty post would be a false alarm, and messages can be forged."""
    await scene.publish([VIOLATED, VIOLATED, UPDATED, VIOLATED, VIOLATED])

    await deliver(scene.delivery, DeliveryMessage(first, last))

    assert scene.webhook.ids() == ids
    assert len(scene.webhook.posts) == len(scene.lines()) == bool(ids)
    assert scene.again.sent == scene.poison.sent == []


async def test_what_was_delivered_is_not_posted_again(scene: Scene) -> None:
    """The second of three posts, of 50 alerts each, fails; the first is through."""
    await scene.publish([VIOLATED, UPDATED, *[VIOLATED] * 118])
    scene.webhook.failures = [None, DOWN]

    await deliver(scene.delivery, DeliveryMessage(1, 120))
    ((text, delay),) = scene.again.sent
    await scene.deliver_again()

    assert parse_message(text) == DeliveryMessage(52, 120, 1, BEGINNING)
    assert delay == timedelta(minutes=1)
    assert scene.webhook.ids() == [f"c{number}" for number in range(1, 121) if number != 2]
    assert scene.levels() == ["INFO", "WARNING", "INFO"]
    check_accepted(GOLDEN / "delivery_lines.json", scene.lines())


async def test_a_day_without_the_receiver_ends_on_the_poison_queue(scene: Scene) -> None:
    """Growing delays, 24 hours in total; then a person must act, and can send it again."""
    await scene.publish([UPDATED, VIOLATED, VIOLATED])
    scene.webhook.failures = [DOWN] * 100

    await deliver(scene.delivery, DeliveryMessage(1, 3))
    delays = []
    while not scene.poison.sent:
        delays.append(await scene.deliver_again() // timedelta(minutes=1))

    assert delays[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert set(delays[6:]) == {60}
    assert timedelta(hours=23) <= scene.clock.now() - BEGINNING <= timedelta(hours=24)
    assert scene.poison.sent == [('{"first": 2, "last": 3}', timedelta())]
    assert scene.levels()[-1] == "ERROR"
    given_up = scene.lines()[-1]
    assert given_up.pop("attempt") == len(delays)
    check_accepted(GOLDEN / "given_up_line.json", given_up)


async def test_a_feed_that_does_not_answer_is_waited_for_like_a_receiver(scene: Scene) -> None:
    """The host would give up after 20 minutes; an outage of the storage takes longer."""
    await scene.publish([VIOLATED])
    silent = FaultyStore(scene.store, places={READ_FEED: Fault.NO_ANSWER})
    away = scene.over(FeedTable(silent))

    await deliver(away, DeliveryMessage(1, 1))
    await scene.deliver_again()

    assert scene.webhook.ids() == ["c1"]
    retry = scene.lines()[0]
    assert (retry["state"], retry["changes"]) == ("retry", None)


@pytest.mark.parametrize(
    ("values", "last", "retries"),
    [({"data": "oops"}, 2, []), ({"schema": 5}, 1, []), ({"schema": 5}, 3, [3])],
    ids=["broken", "newer, behind the range", "newer"],
)
async def test_a_row_that_cannot_be_read_costs_only_itself(
    scene: Scene, values: dict[str, Scalar], last: int, retries: list[int]
) -> None:
    """P3, P7: after a rollback, rows of a newer version wait for an upgrade."""
    await scene.publish([VIOLATED, VIOLATED, VIOLATED])
    await scene.replace_in_feed(2, **values)

    await deliver(scene.delivery, DeliveryMessage(1, last))

    assert scene.webhook.ids() == ([] if retries else ["c1"])
    assert [parse_message(text).last for text in scene.again.texts()] == retries
    assert scene.lines()[0]["state"] == ("retry" if retries else "delivered")


@pytest.mark.parametrize("is_last", [False, True])
async def test_what_cannot_be_sent_on_is_the_hosts_to_deliver_again(
    scene: Scene, *, is_last: bool
) -> None:
    """A message must never be deleted before its successor exists."""
    await scene.publish([VIOLATED])
    scene.webhook.failures = [DOWN]
    scene.again.is_down = scene.poison.is_down = True
    since = BEGINNING - timedelta(days=2) if is_last else None

    with pytest.raises(QueueError):
        await deliver(scene.delivery, DeliveryMessage(1, 1, 3, since))

    assert scene.lines() == []


async def test_a_forged_time_gives_no_longer_day(scene: Scene) -> None:
    """Otherwise one message could keep the function busy for ever (P8)."""
    await scene.publish([VIOLATED])
    scene.webhook.failures = [DOWN]

    await deliver(scene.delivery, DeliveryMessage(1, 1, 0, BEGINNING + timedelta(days=9_000)))

    ((text, _),) = scene.again.sent
    assert parse_message(text).since == BEGINNING


@pytest.mark.parametrize(
    ("attempt", "asked", "expected"),
    [
        (0, None, 1),
        (0, 90.0, 1.5),
        (3, 90.0, 8),
        (5, None, 32),
        (6, None, 60),
        (999_999, None, 60),
        (0, float("inf"), 60),
        (0, -5.0, 1),
    ],
)
def test_the_delay_grows_to_an_hour_and_heeds_the_receiver(
    attempt: int, asked: float | None, expected: float
) -> None:
    """We must not overload a receiver in trouble, and it must not silence us."""
    assert get_delay(attempt, asked) == timedelta(minutes=expected)


async def test_what_a_range_itself_overtakes_is_marked(scene: Scene) -> None:
    """A person may resend a thousand changes from many scans."""
    changes = [
        Change(f"c{scan}", VIOLATED, BEGINNING, "/s", "/a", {"scanId": scan}, scan)
        for scan in (1, 2)
    ]
    await FeedTable(scene.store).publish(changes)

    await deliver(scene.delivery, DeliveryMessage(1, 2))

    ((first, second),) = scene.webhook.posts
    assert "overtakenBy" in first.data
    assert "overtakenBy" not in second.data


async def test_only_so_many_later_changes_are_looked_at(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old range must not read the whole feed before each post."""
    monkeypatch.setattr("cmk_check.alerts.deliver.LATER_CHANGES_EXAMINED", 3)
    monkeypatch.setattr("cmk_check.alerts.deliver.TABLE_PAGE_ROWS", 2)
    await scene.publish([VIOLATED] * 6)
    before = len(scene.store.log)

    await deliver(scene.delivery, DeliveryMessage(1, 1))

    assert len(scene.store.log[before:]) == 1 + 2


async def test_a_change_that_is_never_taken_costs_only_itself(scene: Scene) -> None:
    """It is given up at once; the changes before and after it arrive (P7)."""
    await scene.publish([VIOLATED, UPDATED, VIOLATED, VIOLATED])
    busy = DeliveryFailed("429", permanent=False, retry_after=600)
    scene.webhook.failures = [TOO_LARGE, None, TOO_LARGE, busy]

    await deliver(scene.delivery, DeliveryMessage(1, 4))

    assert await scene.deliver_again() == timedelta(minutes=10)  # as the receiver asked for

    assert scene.webhook.ids() == ["c1", "c4"]
    assert scene.poison.texts() == ['{"first": 3, "last": 3}']
    told = [(line["state"], line["first"], line["last"], line["changes"]) for line in scene.lines()]
    assert told == [
        ("given_up", 3, 3, 1),
        ("delivered", 1, 3, 1),
        ("retry", 4, 4, 1),
        ("delivered", 4, 4, 1),
    ]
    assert scene.lines()[0]["reason"] == "413"


async def test_without_a_webhook_a_message_is_done_with(scene: Scene) -> None:
    """Nothing is read, and nothing waits for a webhook that may never come."""
    await scene.publish([VIOLATED])
    before = len(scene.store.log)

    await deliver(replace(scene.delivery, webhooks=()), DeliveryMessage(1, 1))

    assert len(scene.store.log) == before
    assert scene.again.sent == []


async def test_what_was_tried_before_waits_for_the_webhook_to_be_set_again(scene: Scene) -> None:
    """The setting may be absent briefly while its URL is replaced; no alert may be lost."""
    await scene.publish([VIOLATED, UPDATED])
    scene.webhook.failures = [DOWN]
    await deliver(scene.delivery, DeliveryMessage(1, 2))
    with_webhook = scene.delivery
    scene.delivery = replace(scene.delivery, webhooks=())
    delays = [await scene.deliver_again() for _ in range(3)]

    scene.delivery = with_webhook
    await scene.deliver_again()

    assert delays == [timedelta(minutes=minutes) for minutes in (1, 2, 4)]
    assert scene.webhook.ids() == ["c1"]
    retries = scene.lines()[1:-1]
    assert {line["state"] for line in retries} == {"retry"}
    assert all("CMK_WEBHOOK_URL" in line["reason"] for line in retries)
    assert scene.poison.sent == []


async def test_without_a_webhook_a_range_without_alerts_is_done_with(scene: Scene) -> None:
    """Nothing can be lost; a range that was logged as failed also logs its end."""
    await scene.publish([UPDATED])
    scene.delivery = replace(scene.delivery, webhooks=())

    await deliver(scene.delivery, DeliveryMessage(1, 1, 2, scene.clock.now()))

    assert scene.again.sent == scene.poison.sent == []
    assert scene.lines() == [
        {"state": "delivered", "first": 1, "last": 1, "changes": 0, "attempt": 2}
    ]


async def test_a_second_hand_out_of_a_try_that_is_over_does_nothing(scene: Scene) -> None:
    """Neither a post nor a successor, because the first delivery did both."""
    await scene.publish([VIOLATED])
    scene.webhook.failures = [DOWN]
    scene.clock.advance(SECOND)

    for _ in range(2):
        await deliver(scene.delivery, DeliveryMessage(1, 1), BEGINNING)
    assert len(scene.again.sent) == 1
    message = parse_message(scene.again.texts()[0])
    for _ in range(2):
        await deliver(scene.delivery, message)

    assert scene.webhook.ids() == ["c1"]
    assert [line["state"] for line in scene.lines()] == ["retry", "delivered"]


async def test_ranges_of_the_same_second_are_tried_each_for_itself(scene: Scene) -> None:
    """Both end with the same alert; a note for the shorter must not stop the longer."""
    await scene.publish([VIOLATED, VIOLATED])
    scene.webhook.failures = [DOWN, DOWN]
    scene.clock.advance(SECOND)

    for first in (2, 1):
        await deliver(scene.delivery, DeliveryMessage(first, 2), BEGINNING)
    for text in scene.again.texts():
        await deliver(scene.delivery, parse_message(text))

    assert sorted(scene.webhook.ids()) == ["c1", "c2", "c2"]


@pytest.mark.parametrize(
    "note", ["", "oops", f"{SINCE}|", f"{SINCE}|x", f"{SINCE}|0", f"{SINCE}|\u00b2", "2026-11-24|9"]
)
async def test_only_a_note_of_this_try_or_a_later_one_stops_it(scene: Scene, note: str) -> None:
    """An alert twice is better than none."""
    await scene.publish([VIOLATED])
    await FeedTable(scene.store).note("c1", "tries_webhook", note)

    await deliver(scene.delivery, DeliveryMessage(1, 1, 1, BEGINNING))

    assert scene.webhook.ids() == ["c1"]


async def test_a_note_that_cannot_be_written_costs_no_try(scene: Scene) -> None:
    """The successor has been sent."""
    await scene.publish([VIOLATED])
    scene.webhook.failures = [DOWN]
    refused = FaultyStore(
        scene.store, places={Place("commit", Table.CHANGES, None): Fault.NO_ANSWER}
    )

    await deliver(scene.over(FeedTable(refused)), DeliveryMessage(1, 1, 1, BEGINNING))

    assert len(scene.again.sent) == 1


@pytest.mark.parametrize(
    ("queued", "is_kept"),
    [
        (BEGINNING, True),
        (BEGINNING - LONGEST_DELIVERY_DELAY + FIRST, True),
        (BEGINNING - LONGEST_DELIVERY_DELAY, False),
        (BEGINNING + timedelta(minutes=1), False),
        (BEGINNING.replace(tzinfo=None), False),
    ],
)
async def test_the_day_of_a_message_that_waited_long_begins_with_its_first_try(
    scene: Scene, queued: datetime, *, is_kept: bool
) -> None:
    """Otherwise an app that was stopped for a day would give up at once."""
    await scene.publish([VIOLATED])
    scene.webhook.failures = [DOWN]

    await deliver(scene.delivery, DeliveryMessage(1, 1), queued)

    since = parse_message(scene.again.texts()[0]).since
    assert since == (queued - FIRST if is_kept else BEGINNING)
