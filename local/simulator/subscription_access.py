"""The checks before every answer about a subscription: does it exist, and may it be read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from local.simulator import errors
from local.simulator.estate import Access, Estate, Subscription
from local.simulator.messages import Incoming, Reply, encode
from local.simulator.paging import Cursor
from local.simulator.tokens import Claims

SUBSCRIPTION: Final = "/subscriptions/(?P<subscription>[^/]+)"
GROUP: Final = f"{SUBSCRIPTION}/resourcegroups/(?P<group>[^/]+)"
_GUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

type Answer = Callable[[Incoming, Mapping[str, str], Claims], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One supported request; ``parameters`` are those it allows in addition to the usual ones."""

    method: str
    path: str
    answer: Answer
    parameters: tuple[str, ...] = ()


class Gate:
    """Finds subscriptions of an estate, and refuses what the identity may not do there."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate

    def find(self, subscription_id: str) -> Subscription | Reply:
        """Find a subscription, or return the error."""
        if not _GUID.fullmatch(subscription_id):
            return errors.invalid_subscription_id(subscription_id)
        try:
            found = self._estate.subscription(subscription_id)
        except KeyError:
            return errors.subscription_not_found(subscription_id)
        gone = found.access is Access.NOT_FOUND or found.state == "Deleted"
        return errors.subscription_not_found(subscription_id) if gone else found

    def readable(
        self, claims: Claims, names: Mapping[str, str], action: str, scope: str
    ) -> Subscription | Reply:
        """Find a subscription where the caller may do this, or return the refusal."""
        found = self.find(names["subscription"])
        if isinstance(found, Reply):
            return found
        return self.refused(claims, action, scope, found) or found

    def changeable(
        self, claims: Claims, names: Mapping[str, str], action: str, scope: str
    ) -> Subscription | Reply:
        """Find a subscription where the caller may change this, or return the refusal."""
        found = self.find(names["subscription"])
        if isinstance(found, Reply):
            return found
        return self.unchangeable(claims, action, scope, found) or found

    def unchangeable(
        self, claims: Claims, action: str, scope: str, subscription: Subscription | None
    ) -> Reply | None:
        """Return the refusal if the caller may not change this, or None."""
        refusal = self.refused(claims, action, scope, subscription)
        if refusal is None and claims.client_id != self._estate.administrator:
            refusal = errors.authorization_failed(claims.client_id, claims.object_id, action, scope)
        return refusal

    def refused(
        self,
        claims: Claims,
        action: str,
        scope: str,
        subscription: Subscription | None = None,
        *,
        asking_for_groups: bool = False,
    ) -> Reply | None:
        """Return the refusal if the caller may not do this, or None."""
        closed = subscription is not None and subscription.access is Access.FORBIDDEN
        if closed or self._estate.denials.refuses(
            action, scope, asking_for_groups=asking_for_groups
        ):
            return errors.authorization_failed(claims.client_id, claims.object_id, action, scope)
        return None


def page(rows: bytes, next_link: str | None = None) -> Reply:
    """Answer with a page of rows, which are JSON without brackets."""
    following = b"" if next_link is None else b',"nextLink":' + encode(next_link)
    return Reply(200, b'{"value":[' + rows + b"]" + following + b"}")


def paged(incoming: Incoming, rows: list[object], size: int) -> Reply:
    """Answer with the requested page of a list."""
    cursor = Cursor.of(incoming)
    end = cursor.offset + size
    shown = b",".join(encode(row) for row in rows[cursor.offset : end])
    if end >= len(rows):
        return page(shown)
    return page(shown, Cursor(cursor.page + 1, end).next_link(incoming))
