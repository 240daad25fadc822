"""The scope that a scan was made under, as its row and the status keep it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class RecordedScope:
    """Kinds and subscription ids, lower-cased and sorted, so that equal scopes are equal."""

    kinds: tuple[str, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    @classmethod
    def of(cls, kinds: Iterable[str], include: Iterable[str], exclude: Iterable[str]) -> Self:
        """Record what the settings say."""
        return cls(
            *(tuple(sorted(set(map(str.lower, part)))) for part in (kinds, include, exclude))
        )

    def differences(self, other: Self) -> dict[str, tuple[str, ...]]:
        """Return the settings in which two scopes differ, with the values of this one."""
        parts = {
            "CMK_KINDS": (self.kinds, other.kinds),
            "CMK_INCLUDE_SUBSCRIPTIONS": (self.include, other.include),
            "CMK_EXCLUDE_SUBSCRIPTIONS": (self.exclude, other.exclude),
        }
        return {name: own for name, (own, others) in parts.items() if own != others}
