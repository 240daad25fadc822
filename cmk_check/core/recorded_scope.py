"""The scope that a scan was made under, as its row and the status keep it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class RecordedScope:
    """Kinds, subscription ids and management group, in one order: equal scopes are equal.

    All are lower-cased. ``group`` holds one name or none; rows of earlier versions have none.
    """

    kinds: tuple[str, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    group: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        kinds: Iterable[str],
        include: Iterable[str],
        exclude: Iterable[str],
        group: str | None = None,
    ) -> Self:
        """Record what the settings say."""
        parts = (kinds, include, exclude, () if group is None else (group,))
        return cls(*(tuple(sorted(set(map(str.lower, part)))) for part in parts))

    def differences(self, other: Self) -> dict[str, tuple[str, ...]]:
        """Return the settings in which two scopes differ, with the values of this one."""
        parts = {
            "CMK_KINDS": (self.kinds, other.kinds),
            "CMK_INCLUDE_SUBSCRIPTIONS": (self.include, other.include),
            "CMK_EXCLUDE_SUBSCRIPTIONS": (self.exclude, other.exclude),
            "CMK_MANAGEMENT_GROUP": (self.group, other.group),
        }
        return {name: own for name, (own, others) in parts.items() if own != others}
