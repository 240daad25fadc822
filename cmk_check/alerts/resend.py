"""Sends published changes to the receivers of alerts again, after a receiver was down for a day."""

from cmk_check.alerts.deliver import DeliveryContext
from cmk_check.alerts.delivery_queue import format_message
from cmk_check.core.alert_routes import NotResent
from cmk_check.limits import CHANGES_PER_DELIVERY_MESSAGE
from cmk_check.ports import DeliveryMessage


async def resend(
    context: DeliveryContext, first: int, last: int, route: str | None
) -> NotResent | None:
    """Queue a range of the feed for delivery; return why not, None if it was queued.

    Raises:
        RowTooNew: a newer version publishes changes here.
        StoreError
        QueueError: parts of the range may have been queued.

    """
    routes = {webhook.route.name for webhook in context.webhooks}
    if not routes:
        return NotResent.NO_RECEIVER
    if route is not None and route not in routes:
        return NotResent.UNKNOWN_ROUTE
    if last > await context.feed.last():
        return NotResent.NOT_PUBLISHED
    size = CHANGES_PER_DELIVERY_MESSAGE
    parts = (
        DeliveryMessage(start, min(start + size - 1, last), route=route)
        for start in range(first, last + 1, size)
    )
    await context.again.send([format_message(part) for part in parts])
    return None
