"""Deliver alerts: read a range of the feed, post its alerts, and retry failures for a day.

If there are several routes, each route first gets a separate message, so that an unavailable
receiver does not delay the others:

    post .. 1 min .. post .. 2 min .. post .. 4 min ... 1 h .. post .. 1 h ... cmk-tell-poison

A retry is a new message with the remaining range, not a redelivery by the host: the host gives up
after four tries, but an hour without the webhook or the tables must not lose alerts. The host
deletes a message only after its successor was sent. A crash between these steps repeats changes,
which receivers recognise by their ids. The messages of several routes are sent in the same way. If
the queue delivers a message twice, the second delivery does not start a second series of tries.

A newer change may therefore overtake an older change that waits for a retry. An alert is marked as
out of date if a later change of its subject was published before the alert was posted.
"""

import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cmk_check.alerts.delivery_queue import format_message
from cmk_check.alerts.log_lines import LogEvent, write_line
from cmk_check.core.alert_routes import WEBHOOK, is_alert
from cmk_check.core.model import Change
from cmk_check.core.overtaken import LatestChanges
from cmk_check.core.text import write_time
from cmk_check.limits import (
    CHANGES_PER_DELIVERY_MESSAGE,
    CHANGES_PER_POST,
    DELIVERY_DOUBLINGS,
    DELIVERY_GIVEN_UP_AFTER,
    FIRST_DELIVERY_DELAY,
    FIRST_DIGEST,
    LATE_PUBLICATION,
    LATER_CHANGES_EXAMINED,
    LONGEST_DELIVERY_DELAY,
    MAX_DELIVERY_ATTEMPT,
    MAX_PERIOD_DAYS,
    TABLE_PAGE_ROWS,
)
from cmk_check.ports import Clock, DeliveryFailed, DeliveryMessage, StoreError, TextQueue, Webhook
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.codec import RowUnusable
from cmk_check.store.digests import Digests, DigestState

_NO_WEBHOOK: Final = (
    "CMK_WEBHOOK_URL was set when the app last tried to deliver these changes, but no longer is. "
    "Set it again."
)
_NO_ROUTE: Final = (
    "No route has this name. Add the route to CMK_ROUTES again, or remove its name from the "
    "message, which is then delivered to all routes."
)

type Numbered = tuple[int, Change]


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """The tools of delivery; ``again`` is the queue ``cmk-tell``, ``poison`` its poison queue."""

    feed: FeedTable
    webhooks: Sequence[Webhook]
    alert_on: AbstractSet[str]
    again: TextQueue
    poison: TextQueue
    clock: Clock
    digests: Digests | None = None


async def deliver(
    context: DeliveryContext, message: DeliveryMessage, queued: datetime | None = None
) -> None:
    """Post the alerts among the changes of a range, in order.

    ``queued`` is when the queue accepted the message, which identifies a duplicate delivery.

    Numbers that are not in the feed are skipped. Without a webhook nothing is posted, and only
    messages that were tried before wait for a webhook. A message for a route that does not exist is
    given up, because a person must choose another receiver.

    Raises:
        QueueError: the remaining range could not be sent; deliver the message again.
    """
    since = message.since or _find_retry_start(message.first, queued, context.clock.now())
    message = replace(message, since=since)
    webhooks = context.webhooks
    if message.route is not None:
        webhooks = [webhook for webhook in webhooks if webhook.route.name == message.route]
        if not webhooks and message.first < FIRST_DIGEST:
            await _give_up(context, message, None, _NO_ROUTE)
            return
    if len(webhooks) > 1:
        messages = [replace(message, route=webhook.route.name) for webhook in webhooks]
        await context.again.send([format_message(one) for one in messages])
        return
    if message.first >= FIRST_DIGEST:
        if webhooks and context.digests:
            await _deliver_digest(context, message, webhooks[0], context.digests)
    elif webhooks or message.attempt:
        await _Delivery(context, message, webhooks[0] if webhooks else None).run()


async def resend(context: DeliveryContext, first: int, last: int) -> bool:
    """Queue a range of the feed for delivery; return False if nobody could deliver all of it.

    Raises:
        RowTooNew: a newer version wrote the head of the feed.
        StoreError
        QueueError: parts of the range may have been queued.
    """
    if not context.webhooks or last > await context.feed.last():
        return False
    size = CHANGES_PER_DELIVERY_MESSAGE
    starts = range(first, last + 1, size)
    parts = [DeliveryMessage(start, min(start + size - 1, last)) for start in starts]
    await context.again.send([format_message(part) for part in parts])
    await context.feed.forget_undelivered(first, last)
    return True


async def queue_digest(context: DeliveryContext) -> None:
    """Queue the digest that is due, for all routes; raise QueueError if that fails.

    The digest's number is higher than any number in the feed, so a version without digests finds
    nothing to deliver.
    """
    if context.digests and context.webhooks:
        due = context.digests.due(context.clock.now())
        number = FIRST_DIGEST + int(due.timestamp())
        await context.again.send([format_message(DeliveryMessage(number, number))])


async def _deliver_digest(
    context: DeliveryContext, message: DeliveryMessage, webhook: Webhook, digests: Digests
) -> None:
    """Post a new digest, or try again until it is accepted or the next digest is due."""
    number, name, state = message.first - FIRST_DIGEST, webhook.route.name, None
    wait = number + LATE_PUBLICATION.total_seconds() - context.clock.now().timestamp()
    if wait > LONGEST_DELIVERY_DELAY.total_seconds():
        return  # forged: it would be mistaken for a later digest than those that are due
    if wait > 0:  # changes of the digest's period may still be published
        await context.again.send([format_message(message)], delay=timedelta(seconds=wait))
        return
    try:
        due = datetime.fromtimestamp(number, UTC)
        if (state := await digests.begin(name, due, message.attempt)) is None:
            return
        await webhook.post([await digests.make(webhook.route, state.value)])
        await digests.write(name, DigestState(due), state)
    except (DeliveryFailed, StoreError) as error:
        await _try_again(context, message, 1, error, timedelta(days=MAX_PERIOD_DAYS))
        if state is not None:
            with suppress(StoreError):  # without this note, a duplicate message is not recognised
                await digests.write(name, replace(state.value, tried=message.attempt), state)
        return
    _write(logging.INFO, "delivered", message, 1)


def _find_retry_start(first: int, queued: datetime | None, now: datetime) -> datetime | None:
    """Return the start of the day of retries for a new message.

    Two ranges may have been queued in the same second, so the fraction of the second identifies the
    range. If the message waited in the queue for long, its day must not be over after the first
    try.
    """
    if queued is None or queued.tzinfo is None:
        return None
    since = queued - timedelta(microseconds=first % 1_000_000)
    return since if timedelta() <= now - since <= LONGEST_DELIVERY_DELAY else None


class _Delivery:
    """The delivery of a range to one receiver; ``webhook`` is None if its route was removed.

    The queue may deliver a message twice, and each delivery could send a successor. For this reason
    each try notes its end after it has sent a successor or needs none, and a duplicate of the try
    then stops. The note is attached to the last alert of the range, which is the same for all
    tries, and is deleted together with that alert. If a note cannot be written or read, alerts may
    be repeated.
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
        # Changes after the range may have overtaken changes in the range.
        self._latest = LatestChanges()
        self._seen = message.last

    async def run(self) -> None:
        """Post the alerts of the range, or send the remaining range for another try."""
        message, posted, size = self._message, 0, CHANGES_PER_POST
        feed, route = self._context.feed, message.route or WEBHOOK
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
            if alerts:
                with suppress(StoreError):  # the next try writes the note
                    since = message.since or self._context.clock.now()
                    await feed.note_undelivered(route, first, alerts[-1][0], since)
            await _try_again(self._context, replace(message, first=first), count, error)
            await self._end()
            return
        if posted or message.attempt:  # a range that was logged as failed gets a last line
            _write(logging.INFO, "delivered", message, posted)
        if message.attempt:
            with suppress(StoreError):  # a person removes the note by sending the range again
                await feed.forget_undelivered(message.first, message.last, route)
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
            self._latest.add(change for _, change in page)
            alerts += [
                (number, change)
                for number, change in page
                if number <= last
                and is_alert(change, self._context.alert_on)
                and (self._webhook is None or self._webhook.route.takes(change))
            ]
        return alerts

    async def _is_over(self, alerts: Sequence[Numbered]) -> bool:
        """Return whether this try is already over; ``alerts`` are the alerts of its range."""
        if self._since is None or not alerts:
            return False
        self._noted_at = alerts[-1][1]
        note = await self._context.feed.read_note(self._noted_at.id, self._note)
        since, _, over = note.partition("|")
        is_known = since == self._since and over.isdecimal()
        return is_known and self._message.attempt <= int(over[: len(str(MAX_DELIVERY_ATTEMPT))])

    async def _end(self) -> None:
        """Write the note that this try is over."""
        if self._noted_at is not None:
            note = f"{self._since}|{self._message.attempt}"
            with suppress(StoreError):
                await self._context.feed.note(self._noted_at.id, self._note, note)

    async def _post(self, changes: Sequence[Change]) -> str | None:
        """Post changes; return why they can never be delivered, or None after success."""
        await self._look_further()
        if self._webhook is None:
            raise DeliveryFailed(_NO_WEBHOOK, permanent=False)
        try:
            await self._webhook.post([self._latest.mark(change) for change in changes])
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
                break  # rows of a newer version must not delay alerts that this version can deliver
            if page:
                self._seen = page[-1][0]
                self._latest.add(change for _, change in page)
            if len(page) < top:
                break


def get_delay(attempt: int, requested: float | None = None) -> timedelta:
    """Return the delay after a failed attempt (counted from 0): 1 min, doubling, at most 1 h.

    A receiver may request a longer delay, up to an hour.
    """
    delay = FIRST_DELIVERY_DELAY * (1 << min(attempt, DELIVERY_DOUBLINGS))
    requested = min(requested or 0, LONGEST_DELIVERY_DELAY.total_seconds())
    return max(min(delay, LONGEST_DELIVERY_DELAY), timedelta(seconds=requested))


async def _try_again(
    context: DeliveryContext,
    left: DeliveryMessage,
    count: int | None,
    error: DeliveryFailed | StoreError,
    longest: timedelta = DELIVERY_GIVEN_UP_AFTER,
) -> None:
    """Send the remaining range with a delay, or to the poison queue after the ``longest`` time."""
    now = context.clock.now()
    since = min(left.since or now, now)  # a forged time must not extend the day
    requested = error.retry_after if isinstance(error, DeliveryFailed) else None
    again = now + (delay := get_delay(left.attempt, requested))
    if again > since + longest:
        await _give_up(context, left, count, str(error))
        return
    following = replace(left, attempt=left.attempt + 1, since=since)
    await context.again.send([format_message(following)], delay=delay)
    _write(logging.WARNING, "retry", left, count, reason=str(error), nextTryAt=write_time(again))


async def _give_up(
    context: DeliveryContext, left: DeliveryMessage, count: int | None, reason: str
) -> None:
    # The new message has no date, so that it gets another day if a person moves it back to
    # cmk-tell.
    await context.poison.send([format_message(replace(left, attempt=0, since=None))])
    _write(logging.ERROR, "given_up", left, count, reason=reason, nextTryAt=None)


def _write(
    level: int, state: str, message: DeliveryMessage, count: int | None, **more: str | None
) -> None:
    numbers = {"first": message.first, "last": message.last, "changes": count}
    route = {} if message.route is None else {"route": message.route}
    fields = {"state": state, **numbers, "attempt": message.attempt, **route, **more}
    write_line(level, LogEvent.TELL, fields)
