"""The comparison of Azure's account lists with a second source, Resource Graph."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cmk_check.core.resource_id import AccountId


class CrossCheckState(StrEnum):
    """Whether a scan compared all, some or none of its account lists with Resource Graph."""

    CHECKED = "checked"
    PARTLY = "partly"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account that Resource Graph lists, but that may no longer exist.

    ``created_at`` is a time in UTC.
    """

    id: AccountId
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """The result of a comparison: lists checked, and existing accounts that lists may omit."""

    state: CrossCheckState
    differences: int = 0


def merge(checks: Iterable[CrossCheck | None]) -> CrossCheck | None:
    """Add up the cross-checks of slices; return None if no slice has a cross-check."""
    parts = [check for check in checks if check is not None]
    if not parts:
        return None
    states = {part.state for part in parts}
    state = states.pop() if len(states) == 1 else CrossCheckState.PARTLY
    return CrossCheck(state, sum(part.differences for part in parts))
