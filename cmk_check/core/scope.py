"""The subscriptions that a scan reads, and their division into slices."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import batched
from typing import Final

from cmk_check.core.account import Subscription
from cmk_check.core.enums import CoverageState, Disposition

# Azure documents that a subscription can be read in all states but this one.
_DELETED: Final = "deleted"


@dataclass(frozen=True, slots=True)
class Scope:
    """The lower-cased subscription ids to include (all if empty) and to exclude (which wins)."""

    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    def judge_listed(self, subscription: Subscription) -> Disposition:
        """Return what a scan must do with a subscription that Azure lists."""
        if not self._covers(subscription.id):
            return Disposition.EXCLUDED
        if (subscription.state or "").lower() == _DELETED:
            return Disposition.RETIRED
        return Disposition.READ

    def judge_unlisted(self, subscription_id: str, recorded: CoverageState | None) -> Disposition:
        """Return what a scan must do with a recorded or requested subscription that Azure omits."""
        if not self._covers(subscription_id):
            return Disposition.EXCLUDED
        if recorded is CoverageState.RETIRED:
            return Disposition.RETIRED
        return Disposition.NOT_VISIBLE

    def _covers(self, subscription_id: str) -> bool:
        if subscription_id in self.exclude:
            return False
        return not self.include or subscription_id in self.include


def visible(listed: Iterable[Subscription]) -> int:
    """Count the listed subscriptions that are not deleted."""
    return sum((subscription.state or "").lower() != _DELETED for subscription in listed)


def slice_ranges[T](
    entries: Iterable[T], key: Callable[[T], str], size: int
) -> list[tuple[str, str, tuple[T, ...]]]:
    """Divide entries into ranges (low, high, entries) that together cover all possible keys.

    A range begins at ``low`` and ends before ``high``. The first ``low`` and the last ``high`` are
    "", which means no limit.
    """
    groups = list(batched(sorted(entries, key=key), size, strict=False))
    lows = ["", *(key(group[0]) for group in groups[1:])]
    return list(zip(lows, [*lows[1:], ""], groups, strict=True))
