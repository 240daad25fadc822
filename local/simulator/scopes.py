"""The scopes of an estate: which of them lie above one, and which inside it.

Management groups, subscriptions, resource groups and resources form a tree. Everything that is
assigned, such as a role or a policy, works at its scope and in everything inside.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from local.simulator.estate import Estate, Subscription

ROOT: Final = "/"
_SUBSCRIPTION: Final = re.compile("/subscriptions/([^/]+)(/.*)?", re.IGNORECASE)
_MANAGED: Final = re.compile(
    "/providers/microsoft\\.management/managementgroups/([^/]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Place:
    """A scope among the others of an estate; the case of scopes does not matter."""

    scope: str
    _above: frozenset[str]
    _inside: tuple[str, ...]

    @classmethod
    def of(cls, estate: Estate, scope: str) -> Self:
        """Find a scope's place; one that does not exist has only the root above it."""
        subscription = subscription_of(estate, scope)
        managed = _MANAGED.fullmatch(scope)
        if subscription is not None:
            above = [*_parents(scope), *_groups(subscription.management_groups)]
        else:
            above = [] if managed is None else _above(estate, managed[1])
        inside = [] if managed is None else _inside(estate, managed[1])
        found = {each.lower() for each in (*above, ROOT)}
        return cls((scope or ROOT).lower(), frozenset(found), tuple(map(str.lower, inside)))

    def at_or_below(self, scope: str) -> bool:
        """Return whether this is another scope, or inside it."""
        return scope.lower() == self.scope or scope.lower() in self._above

    def at_or_above(self, scope: str) -> bool:
        """Return whether this is another scope, or contains it."""
        wanted = f"{scope.rstrip('/')}/".lower()
        roots = (f"{each.rstrip('/')}/" for each in (self.scope, *self._inside))
        return any(wanted.startswith(root) for root in roots)


def subscription_of(estate: Estate, scope: str) -> Subscription | None:
    """Return the subscription that a scope is in, or None."""
    match = _SUBSCRIPTION.fullmatch(scope)
    try:
        return None if match is None else estate.subscription(match[1])
    except KeyError:
        return None


def _above(estate: Estate, group: str) -> list[str]:
    """Return the management groups above one, from what its subscriptions name."""
    for subscription in estate.subscriptions:
        names = [name.lower() for name in subscription.management_groups]
        if group.lower() in names:
            return _groups(subscription.management_groups[names.index(group.lower()) + 1 :])
    return []


def _inside(estate: Estate, group: str) -> list[str]:
    """Return the management groups and subscriptions inside a management group."""
    inside: dict[str, None] = {}
    for subscription in estate.subscriptions:
        names = [name.lower() for name in subscription.management_groups]
        if group.lower() in names:
            nearer = subscription.management_groups[: names.index(group.lower())]
            inside |= dict.fromkeys((*_groups(nearer), f"/subscriptions/{subscription.id}"))
    return [*inside]


def _parents(scope: str) -> list[str]:
    """Return the scopes above one, up to its subscription."""
    parts = scope.split("/")
    return ["/".join(parts[:length]) for length in range(len(parts) - 1, 2, -1)]


def _groups(names: Sequence[str]) -> list[str]:
    return [f"/providers/Microsoft.Management/managementGroups/{name}" for name in names]
