"""Delivery: reads a range of the feed and posts its alerts, and tries failures again for a day.

If there are several routes, each of them first gets a message of its own, so that a receiver that
is away delays no other:

    post .. 1 min .. post .. 2 min .. post .. 4 min ... 1 h .. post .. 1 h ... cmk-tell-poison

For another try we send a new message with the remaining range, instead of the host's redelivery:
that ends after four tries, and an hour without the webhook or the tables must not lose alerts. The
host deletes a message only after its successor was sent, so a crash in between repeats changes:
receivers recognise them by their ids. The same holds for the messages of several routes. A message
that is handed out twice starts no second row of tries.

So a newer change may overtake an older one that waits. Whatever arrives after a later change of its
subject was published says so itself.
"""

import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cmk_check.alerts.delivery_queue import format_message
from cmk_check.alerts.log_lines import LogEvent, time_text, write_line
from cmk_check.core.alert_routes import WEBHOOK, is_alert
from cmk_check.core.model import Change
from cmk_check.core.overtaken import LatestChanges
from cmk_check.limits import (
    CHANGES_PER_POST,
    DELIVERY_DOUBLINGS,
    DELIVERY_GIVEN_UP_AFTER,
    FIRST_DELIVERY_DELAY,
    LATER_CHANGES_EXAMINED,
    LONGEST_DELIVERY_DELAY,
    MAX_DELIVERY_ATTEMPT,
    TABLE_PAGE_ROWS,
)
from cmk_check.ports import Clock, DeliveryFailed, DeliveryMessage, StoreError, TextQueue, Webhook
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.codec import RowUnusable

_NO_WEBHOOK: Final = (
    "CMK_WEBHOOK_URL is not set, but was when these changes were tried before. Set it again."
)
_NO_ROUTE: Final = (
    "No route has this name. Set the route again, or take it out of the message, which is then "
    "delivered to all routes."
)

type Numbered = tuple[int, Change]


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """What delivery needs; ``again`` is the queue ``cmk-tell``, ``poison`` its poison queue."""

    feed: FeedTable
    webhooks: Sequence[Webhook]
    alert_on: AbstractSet[str]
    again: TextQueue
    poison: TextQueue
    clock: Clock


async def deliver(
    context: DeliveryContext, message: DeliveryMessage, queued: datetime | None = None
) -> None:
    """Post the alerts among the changes of a range, in order.

    ``queued`` is when the queue took the message; handed out twice, it is recognised by that.

    Numbers that the feed does not hold are skipped. Without a webhook nothing is posted,
    and only what was tried before waits for one. What is for a route that does not exist is given
    up, because somebody must decide who gets it.

    Raises:
        QueueError: the remaining range could not be sent; deliver the message again.

    """
    since = message.since or _begun(message.first, queued, context.clock.now())
    message = replace(message, since=since)
    webhooks = context.webhooks
    if message.route is not None:
        webhooks = [webhook for webhook in webhooks if webhook.route.name == message.route]
        if not webhooks:
            await _give_up(context, message, None, _NO_ROUTE)
            return
    if len(webhooks) > 1:
        each = [replace(message, route=webhook.route.name) for webhook in webhooks]
        await context.again.send([format_message(one) for one in each])
        return
    if webhooks or message.attempt:
        await _Delivery(context, message, webhooks[0] if webhooks else None).run()


def _begun(first: int, queued: datetime | None, now: datetime) -> datetime | None:
    """Return when the day of a message began that nobody has tried.

    Two ranges may have been queued in the same second, so the fraction says which one it is. If a
    message waited for us for long, its day must not be over with the first try.
    """
    if queued is None or queued.tzinfo is None:
        return None
    since = queued - timedelta(microseconds=first % 1_000_000)
    return since if timedelta() <= now - since <= LONGEST_DELIVERY_DELAY else None


class _Delivery:
    """The delivery of a range to one receiver, None if the one that it was for is not set any more.

    A message may be handed out twice, and each time send a successor. So each try notes, after it
    has sent one or needs none, that it is over; whoever comes with the same try then stops. The
    note stands at the last alert of the range, which stays the same for all tries, and is deleted
    with it. A note that could not be written or read costs nothing but another repetition.
    """

    def __init__(
        self, context: DeliveryContext, message: DeliveryMessage, webhook: Webhook | None
    ) -> None:
        self._context = context
        self._message = message
        self._webhook = webhook
        self._since = message.since.isoformat() if message.since else None
        self._note = f"tries_{webhook.route.name if webhook else WEBHOOK}"
        self._noted_at: Change | None = None
        # What the feed holds beyond the range may have overtaken what is in it.
        self._latest = LatestChanges()
        self._seen = message.last

    async def run(self) -> None:
        """Post the alerts of the range, or send what is left of it for another try."""
        message, posted, size = self._message, 0, CHANGES_PER_POST
        alerts: list[Numbered] | None = None
        try:
            alerts = await self._alerts()
            if await self._is_over(alerts):
                return
            while alerts:
                batch = alerts[:size]
                refused = await self._post([change for _, change in batch])
                if refused is None:
                    posted += len(batch)
                elif len(batch) > 1:
                    size = 1  # post one by one, so that only the refused change is left out
                    continue
                else:
                    number = batch[0][0]
                    one = replace(message, first=number, last=number)
                    await _give_up(self._context, one, 1, refused)
                alerts = alerts[size:]
        except (DeliveryFailed, StoreError) as error:
            first = alerts[0][0] if alerts else message.first
            if posted:
                _write(logging.INFO, "delivered", replace(message, last=first - 1), posted)
            count = None if alerts is None else len(alerts)
            await _try_again(self._context, replace(message, first=first), count, error)
            await self._end()
            return
        if posted or message.attempt:  # whoever was told of a try is told of its end
            _write(logging.INFO, "delivered", message, posted)
        if message.attempt:
            await self._end()

    async def _alerts(self) -> list[Numbered]:
        """Read the whole range; a page may end early, at a row of a newer version."""
        alerts: list[Numbered] = []
        after, last = self._message.first - 1, self._message.last
        while after < last:
            page = await self._context.feed.read(after, last - after)
            if not page:
                break
            after = page[-1][0]
            self._latest.see(change for _, change in page)
            alerts += [
                (number, change)
                for number, change in page
                if number <= last
                and is_alert(change, self._context.alert_on)
                and (self._webhook is None or self._webhook.route.takes(change))
            ]
        return alerts

    async def _is_over(self, alerts: Sequence[Numbered]) -> bool:
        """Tell whether this try is over already; ``alerts`` are those of its range."""
        if self._since is None or not alerts:
            return False
        self._noted_at = alerts[-1][1]
        note = await self._context.feed.noted(self._noted_at.id, self._note)
        since, _, over = note.partition("|")
        is_known = since == self._since and over.isdecimal()
        return is_known and self._message.attempt <= int(over[: len(str(MAX_DELIVERY_ATTEMPT))])

    async def _end(self) -> None:
        """Note that this try is over."""
        if self._noted_at is not None:
            note = f"{self._since}|{self._message.attempt}"
            with suppress(StoreError):
                await self._context.feed.note(self._noted_at.id, self._note, note)

    async def _post(self, changes: Sequence[Change]) -> str | None:
        """Post changes; return why they can never be delivered, None if they were."""
        await self._look_further()
        if self._webhook is None:
            raise DeliveryFailed(_NO_WEBHOOK, permanent=False)
        try:
            await self._webhook.post([self._latest.marked(change) for change in changes])
        except DeliveryFailed as failure:
            if not failure.permanent:
                raise
            return str(failure)
        return None

    async def _look_further(self) -> None:
        end = self._message.last + LATER_CHANGES_EXAMINED
        while self._seen < end:
            top = min(TABLE_PAGE_ROWS, end - self._seen)
            try:
                page = await self._context.feed.read(self._seen, top)
            except RowUnusable:
                break  # what a newer version published must not hold up what this one can deliver
            if page:
                self._seen = page[-1][0]
                self._latest.see(change for _, change in page)
            if len(page) < top:
                break


def delay_after(attempt: int, asked: float | None = None) -> timedelta:
    """Return the delay after a failed attempt (counted from 0): 1 min, doubling, at most 1 h.

    A receiver may ask for a longer delay, up to an hour.
    """
    delay = min(
        FIRST_DELIVERY_DELAY * (1 << min(attempt, DELIVERY_DOUBLINGS)), LONGEST_DELIVERY_DELAY
    )
    return max(delay, timedelta(seconds=min(asked or 0, LONGEST_DELIVERY_DELAY.total_seconds())))


async def _try_again(
    context: DeliveryContext,
    left: DeliveryMessage,
    count: int | None,
    error: DeliveryFailed | StoreError,
) -> None:
    """Send the remaining range with a delay, or to the poison queue if the day is over."""
    now = context.clock.now()
    since = min(left.since or now, now)  # a forged time must not extend the day
    asked = error.retry_after if isinstance(error, DeliveryFailed) else None
    again = now + (delay := delay_after(left.attempt, asked))
    if again > since + DELIVERY_GIVEN_UP_AFTER:
        await _give_up(context, left, count, str(error))
        return
    following = replace(left, attempt=left.attempt + 1, since=since)
    await context.again.send([format_message(following)], delay=delay)
    _write(logging.WARNING, "retry", left, count, reason=str(error), nextTryAt=time_text(again))


async def _give_up(
    context: DeliveryContext, left: DeliveryMessage, count: int | None, reason: str
) -> None:
    # As a new message: if a person moves it back to cmk-tell, it gets another day.
    first_try = replace(left, attempt=0, since=None)
    await context.poison.send([format_message(first_try)])
    _write(logging.ERROR, "given_up", left, count, reason=reason, nextTryAt=None)


def _write(
    level: int, state: str, message: DeliveryMessage, count: int | None, **more: str | None
) -> None:
    numbers = {"first": message.first, "last": message.last, "changes": count}
    route = {} if message.route is None else {"route": message.route}
    fields = {"state": state, **numbers, "attempt": message.attempt, **route, **more}
    write_line(level, LogEvent.TELL, fields)
