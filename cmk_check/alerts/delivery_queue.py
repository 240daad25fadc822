"""The queues of published changes: ranges of the feed for ``tell``, and the changes themselves.

    publish in the feed -> cmk-tell, cmk-changes -> log lines -> delete the outbox row

``cmk-tell`` contains only numbers, so that a forged message cannot invent changes. The queue is
filled even without a webhook. ``cmk-changes`` is for the user's programs; this program only writes
to it.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from cmk_check.alerts.log_lines import write_bounded_json
from cmk_check.core.alert_routes import ROUTE_NAME
from cmk_check.core.cloudevents import to_cloudevent
from cmk_check.core.model import Change
from cmk_check.limits import (
    CHANGES_PER_DELIVERY_MESSAGE,
    MAX_CHANGES_MESSAGE_BYTES,
    MAX_DELIVERY_ATTEMPT,
)
from cmk_check.ports import DeliveryMessage, TextQueue
from cmk_check.queues.slices import parse_object
from cmk_check.store.table_keys import LAST_NUMBER

DELIVERY_QUEUE: Final = "cmk-tell"
DELIVERY_POISON_QUEUE: Final = "cmk-tell-poison"
CHANGES_QUEUE: Final = "cmk-changes"
_FIELDS: Final = frozenset({"first", "last", "attempt", "since", "route"})


class QueueSink:
    """Sends publications to the queues; ``changes`` is None if ``CMK_CHANGES_QUEUE`` is off."""

    def __init__(self, ranges: TextQueue, changes: TextQueue | None) -> None:
        self._ranges = ranges
        self._changes = changes

    async def accept(self, published: Sequence[tuple[int, Change]]) -> None:
        """Send the ranges of a publication, then its changes; see ``ChangeSink.accept``."""
        ranges = list_ranges([number for number, _ in published])
        await self._ranges.send([format_message(entry) for entry in ranges])
        if self._changes is not None:
            await self._changes.send(list(build_batches([change for _, change in published])))


def list_ranges(numbers: Sequence[int]) -> list[DeliveryMessage]:
    """Return the ranges that contain exactly these numbers.

    Changes that a publisher published before it crashed have lower numbers than new changes.
    """
    ranges: list[DeliveryMessage] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1].last == number - 1:
            ranges[-1] = DeliveryMessage(ranges[-1].first, number)
        else:
            ranges.append(DeliveryMessage(number, number))
    return ranges


def build_batches(changes: Sequence[Change]) -> Iterator[str]:
    """Return changes as JSON arrays of CloudEvents, each under 48 KB and with at least one event.

    If a single event is too large, its long values are shortened, but its ids never are.
    """
    batch = ""
    for change in changes:
        event = write_bounded_json(to_cloudevent(change), MAX_CHANGES_MESSAGE_BYTES - len("[]"))
        if batch and len(batch) + len(event) + len("[,]") > MAX_CHANGES_MESSAGE_BYTES:
            yield f"[{batch}]"
            batch = ""
        batch = f"{batch},{event}" if batch else event
    if batch:
        yield f"[{batch}]"


def format_message(message: DeliveryMessage) -> str:
    """Return a message as text, such as ``{"first": 8, "last": 10}``.

    After a failed try, the message also has ``"attempt": 2, "since": "2026-11-25T12:00:00+00:00"``.
    A message for one of several routes has ``"route": "security"``.
    """
    content: dict[str, object] = {"first": message.first, "last": message.last}
    if message.since is not None:
        content |= {"attempt": message.attempt, "since": message.since.isoformat()}
    if message.route is not None:
        content["route"] = message.route
    return json.dumps(content)


def parse_message(text: str) -> DeliveryMessage:
    """Parse the text of a message.

    Raises:
        ValueError: the text is invalid; the error names the requirement without quoting the text.
    """
    content = parse_object(text)
    if not {"first", "last"} <= content.keys() <= _FIELDS:
        raise ValueError(
            "the message must be an object with first and last, and optionally attempt, since and "
            "route"
        )
    first, last = _whole(content["first"], "first"), _whole(content["last"], "last")
    attempt = _whole(content.get("attempt", 0), "attempt")
    if not 1 <= first <= last < first + CHANGES_PER_DELIVERY_MESSAGE or last > LAST_NUMBER:
        raise ValueError(
            f"first to last must be a range of 1 to {CHANGES_PER_DELIVERY_MESSAGE} numbers"
        )
    if not 0 <= attempt <= MAX_DELIVERY_ATTEMPT:
        raise ValueError(f"attempt must be from 0 to {MAX_DELIVERY_ATTEMPT}")
    since, route = _time(content.get("since")), content.get("route")
    if route is not None and not (isinstance(route, str) and ROUTE_NAME.fullmatch(route)):
        raise ValueError("route must be the name of a route")
    return DeliveryMessage(first, last, attempt, since, route)


def _whole(value: object, name: str) -> int:
    # In Python, a JSON true is also an int.
    if type(value) is not int:
        raise ValueError(f"{name} must be a whole number")
    return value


def _time(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("since must be a time") from None
    if time.tzinfo is None:
        raise ValueError("since must have a time zone")
    return time
