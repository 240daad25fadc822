"""The queues that tell: ranges of the feed for ``tell``, and the changes for whoever subscribes.

    publish in the feed -> cmk-tell, cmk-changes -> log lines -> delete the outbox row

``cmk-tell`` holds numbers alone, so that a forged message can tell nothing that did not happen; it
is fed whether or not a webhook is configured. ``cmk-changes`` is the user's: it is written only.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from cmk_check.alerts.short_json import short_json
from cmk_check.core.cloudevents import event_of
from cmk_check.core.model import Change
from cmk_check.limits import (
    CHANGES_PER_DELIVERY_MESSAGE,
    MAX_CHANGES_MESSAGE_BYTES,
    MAX_DELIVERY_ATTEMPT,
)
from cmk_check.ports import DeliveryMessage, TextQueue
from cmk_check.queues.messages import object_of

DELIVERY_QUEUE: Final = "cmk-tell"
DELIVERY_POISON_QUEUE: Final = "cmk-tell-poison"
CHANGES_QUEUE: Final = "cmk-changes"
_OURS: Final = frozenset({"first", "last", "attempt", "since"})


class QueueSink:
    """Puts publications on the queues; ``changes`` is None where nobody subscribes."""

    def __init__(self, ranges: TextQueue, changes: TextQueue | None) -> None:
        self._ranges = ranges
        self._changes = changes

    async def accept(self, published: Sequence[tuple[int, Change]]) -> None:
        """Send the ranges of a publication, then its changes; see ``Teller.tell``."""
        ranges = ranges_of([number for number, _ in published])
        await self._ranges.send([format_message(entry) for entry in ranges])
        if self._changes is not None:
            await self._changes.send(list(batches_of([change for _, change in published])))


def ranges_of(numbers: Sequence[int]) -> list[DeliveryMessage]:
    """Return the ranges that hold these numbers and no other.

    What a publisher who died had published has numbers far from those of what is new.
    """
    ranges: list[DeliveryMessage] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1].last == number - 1:
            ranges[-1] = DeliveryMessage(ranges[-1].first, number)
        else:
            ranges.append(DeliveryMessage(number, number))
    return ranges


def batches_of(changes: Sequence[Change]) -> Iterator[str]:
    """Return changes as JSON arrays of CloudEvents, each less than 48 KB and at least one event.

    The long values of an event too large to be sent alone are cut, its ids never.
    """
    batch = ""
    for change in changes:
        event = short_json(event_of(change), MAX_CHANGES_MESSAGE_BYTES - len("[]"))
        if batch and len(batch) + len(event) + len("[,]") > MAX_CHANGES_MESSAGE_BYTES:
            yield f"[{batch}]"
            batch = ""
        batch = f"{batch},{event}" if batch else event
    if batch:
        yield f"[{batch}]"


def format_message(message: DeliveryMessage) -> str:
    """Return the text of a message: ``{"first": 8, "last": 10}``, and of one tried before.

    That has also ``"attempt": 2, "since": "2026-11-25T12:00:00+00:00"``.
    """
    content: dict[str, object] = {"first": message.first, "last": message.last}
    if message.since is not None:
        content |= {"attempt": message.attempt, "since": message.since.isoformat()}
    return json.dumps(content)


def parse_message(text: str) -> DeliveryMessage:
    """Read the text of a message.

    Raises:
        ValueError: says what is wrong with it.

    """
    content = object_of(text)
    if not {"first", "last"} <= content.keys() <= _OURS:
        raise ValueError("the message is no object of first and last, attempt and since")
    first, last = _whole(content["first"], "first"), _whole(content["last"], "last")
    attempt = _whole(content.get("attempt", 0), "attempt")
    if not 1 <= first <= last < first + CHANGES_PER_DELIVERY_MESSAGE:
        raise ValueError(
            f"first to last is no range of 1 to {CHANGES_PER_DELIVERY_MESSAGE} numbers"
        )
    if not 0 <= attempt <= MAX_DELIVERY_ATTEMPT:
        raise ValueError("attempt is no number of attempts")
    return DeliveryMessage(first, last, attempt, _time(content.get("since")))


def _whole(value: object, name: str) -> int:
    # JSON's true is an int to Python.
    if type(value) is not int:
        raise ValueError(f"{name} is no whole number")
    return value


def _time(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("since is no time") from None
    if time.tzinfo is None:
        raise ValueError("since has no time zone")
    return time
