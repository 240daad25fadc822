"""The scope of a scan, as stored in the scan's row and in the status."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

EXCEPTION_SETTINGS: Final = (
    "CMK_EXCEPTION_MAX_DAYS",
    "CMK_EXCEPTION_POLICIES",
    "CMK_EXCEPTION_ASSIGNMENTS",
)


@dataclass(frozen=True, slots=True)
class RecordedScope:
    """The kinds, subscriptions and management group of a scan, sorted to be comparable.

    All values are lower-cased. ``group`` contains at most one name. ``exceptions`` are the settings
    for honouring exceptions, each as ``SETTING=value``, or empty if exceptions are not honoured.
    """

    kinds: tuple[str, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    group: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        kinds: Iterable[str],
        include: Iterable[str],
        exclude: Iterable[str],
        group: str | None = None,
        exceptions: Iterable[str] = (),
    ) -> Self:
        """Return the scope that these values of the settings define."""
        parts = (kinds, include, exclude, () if group is None else (group,), exceptions)
        return cls(*(tuple(sorted(set(map(str.lower, part)))) for part in parts))

    def differences(self, other: Self) -> dict[str, tuple[str, ...]]:
        """Return the settings that differ between two scopes, with their values in this scope.

        Settings for exceptions are compared only if both scopes honour exceptions.
        """
        parts = {
            "CMK_KINDS": (self.kinds, other.kinds),
            "CMK_INCLUDE_SUBSCRIPTIONS": (self.include, other.include),
            "CMK_EXCLUDE_SUBSCRIPTIONS": (self.exclude, other.exclude),
            "CMK_MANAGEMENT_GROUP": (self.group, other.group),
        }
        if self.exceptions and other.exceptions:
            parts |= {
                name: (_values(self.exceptions, name), _values(other.exceptions, name))
                for name in EXCEPTION_SETTINGS
            }
        return {name: own for name, (own, others) in parts.items() if own != others}


def _values(entries: Iterable[str], name: str) -> tuple[str, ...]:
    start = f"{name.lower()}="
    return tuple(entry.removeprefix(start) for entry in entries if entry.startswith(start))
