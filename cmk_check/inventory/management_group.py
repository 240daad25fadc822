"""Reads which subscriptions a management group has, whether the app's identity sees them or not.

https://learn.microsoft.com/rest/api/managementgroups/management-groups/get-descendants
"""

import asyncio
import re
from typing import Final

from cmk_check.core.account import Subscription
from cmk_check.core.enums import GapReason
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.core.text import GUID, as_object, clean_text
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.clients import ArmReader, Clients
from cmk_check.inventory.gaps import READ_GROUP, TROUBLE, gap_of
from cmk_check.limits import MAX_SUBSCRIPTION_TEXT_BYTES
from cmk_check.ports import InventoryError

_GROUPS: Final = "/providers/microsoft.management/managementgroups/"
_SUBSCRIPTION: Final = re.compile(f"/subscriptions/(?P<id>{GUID})", re.IGNORECASE)


async def read_subscriptions_below(
    clients: Clients, group: str, seconds: float
) -> tuple[Subscription, ...]:
    """List every subscription below a management group, each id once, with id and name alone.

    Raises:
        InventoryError: the list could not be read completely.

    """
    until = Deadline.within(seconds)
    found: dict[str, Subscription] = {}
    try:
        async with asyncio.timeout_at(until.latest):
            path = f"/providers/Microsoft.Management/managementGroups/{group}/descendants"
            for entry in await ArmReader(clients).entries(path, until):
                if (subscription := _parse(as_object(entry))) is not None:
                    found.setdefault(subscription.id, subscription)
    except TROUBLE as error:
        raise InventoryError(gap_of(error, READ_GROUP)) from error
    return tuple(found.values())


def _parse(entry: dict[str, object]) -> Subscription | None:
    """Parse an entry as a subscription; None for a group, whose own entries stand beside it.

    Raises:
        InventoryError: it is neither.

    """
    path = entry.get("id")
    text = path if isinstance(path, str) else ""
    if text.lower().startswith(_GROUPS):
        return None
    match = _SUBSCRIPTION.fullmatch(text)
    if match is None:
        raise InventoryError(make_gap(GapReason.MALFORMED_PAGE))
    subscription_id = match["id"].lower()
    name = as_object(entry.get("properties")).get("displayName")
    return Subscription(
        subscription_id, clean_text(name, MAX_SUBSCRIPTION_TEXT_BYTES) or subscription_id
    )
