"""An inventory that tells what a test scripts, so that scans can be tried without Azure."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from cmk_check.core.account import Reading, Subscription
from cmk_check.core.resource_id import AccountId

if TYPE_CHECKING:
    from cmk_check.ports import InventoryError


async def _nothing(_subscription_id: str) -> None:
    """Do nothing before a read."""


class ScriptedInventory:
    """Implements ``ports.Inventory``.

    Everything may be changed between two scans: ``listed`` is the answer to the list, unless
    ``list_error`` is set, ``in_group`` and ``group_error`` those for a management group, whose name
    goes to ``groups_asked``; ``readings`` holds the answer per subscription, an empty complete one
    where there is none; ``before_read`` is awaited with the subscription's id before each answer
    and may wait, raise, or change the script. ``reads`` keeps the ids in the order they were asked
    for, ``asked`` what the last read of each was asked for: the subscription, the names of recorded
    accounts.
    """

    def __init__(
        self, listed: Iterable[Subscription] = (), readings: Mapping[str, Reading] | None = None
    ) -> None:
        self.listed = tuple(listed)
        self.readings = dict(readings or {})
        self.list_error: InventoryError | None = None
        self.before_read: Callable[[str], Awaitable[None]] = _nothing
        self.in_group: tuple[Subscription, ...] = ()
        self.group_error: InventoryError | None = None
        self.groups_asked: list[str] = []
        self.reads: list[str] = []
        self.asked: dict[str, tuple[Subscription, set[str]]] = {}

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """Return the scripted list, or raise the scripted error."""
        if self.list_error is not None:
            raise self.list_error
        return self.listed

    async def list_subscriptions_below(self, group: str) -> tuple[Subscription, ...]:
        """Return the scripted list of a group, or raise the scripted error."""
        self.groups_asked.append(group)
        if self.group_error is not None:
            raise self.group_error
        return self.in_group

    async def read(
        self, subscription: Subscription, recorded: Collection[AccountId] = (), *, seconds: float
    ) -> Reading:
        """Return the scripted reading of a subscription."""
        assert seconds > 0
        self.reads.append(subscription.id)
        self.asked[subscription.id] = subscription, {account_id.name for account_id in recorded}
        await self.before_read(subscription.id)
        return self.readings.get(subscription.id, Reading())
