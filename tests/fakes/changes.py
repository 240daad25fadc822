"""Resource Graph's record of changes, whose rows come late, twice, in any order, or never."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cmk_check.core.watch_state import RecentChanges
from cmk_check.ports import Clock

if TYPE_CHECKING:
    from cmk_check.core.gap import Gap

AT_ONCE = (timedelta(),)


@dataclass(frozen=True)
class Row:
    """A row, which is there from ``visible`` on; ``target`` is a subscription or a vault's id."""

    target: str
    at: datetime
    visible: datetime


class ScriptedChanges:
    """Implements ``ports.ChangeInventory``.

    ``page`` is the most that one answer holds, ``gap`` what the answers lack. ``asked`` keeps the
    times since which changes were asked for.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: list[Row] = []
        self.page = 1000
        self.gap: Gap | None = None
        self.asked: list[datetime] = []

    def add(self, target: str, *lags: timedelta) -> datetime:
        """Let a change happen now; a copy of its row comes after each lag, at once without one."""
        now = self._clock.now()
        self._rows += [Row(target, now, now + lag) for lag in lags or AT_ONCE]
        return now

    async def changes(self, since: datetime, *, vaults: bool, seconds: float) -> RecentChanges:
        """Return what has come, the oldest first."""
        assert seconds > 0
        self.asked.append(since)
        latest: dict[str, datetime] = {}
        for row in self._visible(since):
            if vaults or not _is_vault(row.target):
                latest[row.target] = max(row.at, latest.get(row.target, row.at))
        rows = sorted((at, target) for target, at in latest.items())
        if self.gap is not None:
            return RecentChanges(gap=self.gap)
        return _answer(rows[: self.page], truncated=len(rows) > self.page)

    def _visible(self, since: datetime) -> Iterator[Row]:
        now = self._clock.now()
        return (row for row in self._rows if row.visible <= now and row.at >= since)


def _answer(rows: Sequence[tuple[datetime, str]], *, truncated: bool) -> RecentChanges:
    subscriptions = {target: at for at, target in rows if not _is_vault(target)}
    vaults = {target: at for at, target in rows if _is_vault(target)}
    return RecentChanges(subscriptions, vaults, rows[-1][0] if truncated else None)


def _is_vault(target: str) -> bool:
    return target.startswith("/")
