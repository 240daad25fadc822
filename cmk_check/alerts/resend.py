"""Sends published changes to the receivers of alerts again, after a receiver was down for a day."""

from cmk_check.alerts.deliver import DeliveryContext
from cmk_check.alerts.delivery_queue import format_message
from cmk_check.limits import CHANGES_PER_DELIVERY_MESSAGE
from cmk_check.ports import DeliveryMessage


async def resend(context: DeliveryContext, first: int, last: int) -> bool:
    """Queue a range of the feed for delivery; return False if nobody could deliver all of it.

    Raises:
        RowTooNew: a newer version publishes changes here.
        StoreError
        QueueError: parts of the range may have been queued.

    """
    if not context.webhooks or last > await context.feed.last():
        return False
    size = CHANGES_PER_DELIVERY_MESSAGE
    parts = (
        DeliveryMessage(start, min(start + size - 1, last))
        for start in range(first, last + 1, size)
    )
    await context.again.send([format_message(part) for part in parts])
    await context.feed.forget_undelivered(first, last)
    return True
