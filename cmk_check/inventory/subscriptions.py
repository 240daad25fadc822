"""List the subscriptions that the identity can see, and those below a management group.

Every requested API version returns a subscription's tags in the list:
https://learn.microsoft.com/rest/api/resources/subscriptions/list. An entry without a usable id
makes the list incomplete, which raises InventoryError.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from azure.mgmt.subscription.aio import SubscriptionClient

from cmk_check.core.account import Subscription
from cmk_check.core.owner import find_owner
from cmk_check.core.reasons.gap_sentences import NAMELESS_SUBSCRIPTION
from cmk_check.core.text import GUID, as_object, clean_text, is_guid
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.gaps import MALFORMED, READ_GROUP, READ_SUBSCRIPTIONS, TROUBLE, build_gap
from cmk_check.limits import MAX_SUBSCRIPTION_TEXT_BYTES, SUBSCRIPTION_SECONDS
from cmk_check.ports import InventoryError

_GROUPS: Final = "/providers/microsoft.management/managementgroups/"
_SUBSCRIPTION: Final = re.compile(f"/subscriptions/(?P<id>{GUID})", re.IGNORECASE)


async def read_subscriptions(reader: ArmReader) -> tuple[Subscription, ...]:
    """List every subscription that the identity can see, as ``ports.Inventory`` describes."""
    url = await reader.list_url(SubscriptionClient, lambda client: client.subscriptions.list())
    parse = partial(_visible, owner_tags=reader.settings.owner_tags)
    return await _read(reader, url, parse, READ_SUBSCRIPTIONS)


async def read_subscriptions_below(reader: ArmReader, group: str) -> tuple[Subscription, ...]:
    """List every subscription below a management group, as ``ports.Inventory`` describes.

    https://learn.microsoft.com/rest/api/managementgroups/management-groups/get-descendants
    """
    path = f"/providers/Microsoft.Management/managementGroups/{group}/descendants"
    return await _read(reader, reader.build_url(path), _parse_below, READ_GROUP)


async def _read(
    reader: ArmReader,
    url: str,
    parse: Callable[[dict[str, object]], Subscription | None],
    action: str,
) -> tuple[Subscription, ...]:
    until = Deadline.within(SUBSCRIPTION_SECONDS)
    subscriptions: dict[str, Subscription] = {}
    try:
        async with asyncio.timeout_at(until.latest):
            async for entries in reader.pages(url, until):
                for subscription in filter(None, map(parse, map(as_object, entries))):
                    subscriptions.setdefault(subscription.id, subscription)
    except TROUBLE as error:
        raise InventoryError(build_gap(error, action)) from error
    return tuple(subscriptions.values())


def _visible(entry: dict[str, object], owner_tags: Sequence[str]) -> Subscription:
    """Parse an entry of Azure's list of subscriptions."""
    subscription_id = entry.get("subscriptionId")
    if not isinstance(subscription_id, str) or not is_guid(subscription_id):
        raise InventoryError(NAMELESS_SUBSCRIPTION)
    quota_id = as_object(entry.get("subscriptionPolicies")).get("quotaId")
    return Subscription(
        id=subscription_id.lower(),
        name=clean_text(entry.get("displayName"), MAX_SUBSCRIPTION_TEXT_BYTES),
        tenant_id=clean_text(entry.get("tenantId"), MAX_SUBSCRIPTION_TEXT_BYTES),
        state=clean_text(entry.get("state"), MAX_SUBSCRIPTION_TEXT_BYTES),
        quota_id=clean_text(quota_id, MAX_SUBSCRIPTION_TEXT_BYTES),
        owner=find_owner(entry.get("tags"), owner_tags),
    )


def _parse_below(entry: dict[str, object]) -> Subscription | None:
    """Parse an entry of a management group's list; return None for a nested group."""
    path = entry.get("id")
    text = path if isinstance(path, str) else ""
    if text.lower().startswith(_GROUPS):
        return None
    match = _SUBSCRIPTION.fullmatch(text)
    if match is None:
        raise InventoryError(MALFORMED)
    guid = match["id"].lower()
    name = as_object(entry.get("properties")).get("displayName")
    return Subscription(guid, clean_text(name, MAX_SUBSCRIPTION_TEXT_BYTES) or guid)
