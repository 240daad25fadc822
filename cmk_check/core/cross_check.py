"""The comparison of Azure's lists with what Resource Graph knows: a second witness of accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cmk_check.core.resource_id import AccountId


class CrossCheckState(StrEnum):
    """How far the lists of a scan were compared with Resource Graph."""

    CHECKED = "checked"
    PARTLY = "partly"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account that Resource Graph knows; it may be gone. ``created_at`` is aware and UTC."""

    id: AccountId
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """How far lists were checked, and how many accounts they lacked that may be there."""

    state: CrossCheckState
    differences: int = 0


def merge(checks: Iterable[CrossCheck | None]) -> CrossCheck | None:
    """Sum the checks of slices; None where nothing was to be checked."""
    parts = [check for check in checks if check is not None]
    if not parts:
        return None
    states = {part.state for part in parts}
    state = states.pop() if len(states) == 1 else CrossCheckState.PARTLY
    return CrossCheck(state, sum(part.differences for part in parts))
