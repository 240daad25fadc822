"""A management group: what lies below it, and what each scan is told of that."""

from collections.abc import Sequence
from random import Random
from typing import Final

from cmk_check.core.account import Subscription
from cmk_check.ports import InventoryError
from cmk_check.store.scans import ScanTable
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.world import World, sub
from tests.soak.tally import FalseGreenError, LostChangeError
from tests.soak.truth import FORBIDDEN

HIDDEN: Final = [sub(21), sub(22)]
_SHORT: Final = 0.25
_FAILS: Final = 0.1
_ENOUGH: Final = 2
_ENDED: Final = {"complete", "incomplete"}


class Group(ScriptedInventory):
    """An inventory whose group has subscriptions that nobody sees; now and then it names too few.

    Whoever asks for one scan is told the same. It names all once it ``is_reliable``.
    """

    def __init__(self, world: World, random: Random) -> None:
        super().__init__()
        self.below = set(HIDDEN)
        self.is_reliable = False
        self._world = world
        self._random = random
        self._told: dict[str | None, frozenset[str] | None] = {}
        self._gaps: set[str] = set()
        self._ever: set[str] = set()

    async def subscriptions_below(self, group: str) -> tuple[Subscription, ...]:
        """Return what is below the group, a part of it or nothing, or fail."""
        self.groups_asked.append(group)
        scan = await ScanTable(self._world.store).holder()
        if scan not in self._told:
            self._told[scan] = self._answer()
        told = self._told[scan]
        if told is None:
            raise InventoryError(FORBIDDEN)
        return tuple(Subscription(where, "hidden") for where in sorted(told))

    def _answer(self) -> frozenset[str] | None:
        chance = 1 if self.is_reliable else self._random.random()
        if chance < _FAILS:
            return None
        if chance < _FAILS + _SHORT:
            return frozenset(where for where in self.below if self._random.random() < _SHORT)
        return frozenset(self.below)

    async def check(self) -> None:
        """P1: a gap leaves only where two full scans in a row were told so."""
        for where in HIDDEN:
            is_gap = await self._world.coverage(where) == "gap"
            if where in self._gaps and not is_gap and await self._told_without(where) < _ENOUGH:
                raise FalseGreenError(f"{where} left the scope after one answer without it")
            (self._gaps.add if is_gap else self._gaps.discard)(where)
        self._ever |= self._gaps

    async def _told_without(self, where: str) -> int:
        """Count the last scans that were told of a group without it."""
        count = 0
        for scan, told in reversed(self._told.items()):
            if told is None or scan is None:
                continue
            if where not in told:
                count += 1
            elif (await self._world.scan_row(scan)).state in _ENDED:
                break
        return count

    def check_announced(self, feed: Sequence[tuple[str, str]]) -> None:
        """P3, P11: a gap that has left was announced; ``feed`` are sources and types of changes."""
        for where in self._ever - self._gaps:
            last = [kind for source, kind in feed if source.endswith(where) and "coverage" in kind]
            if not last or last[-1] == "cmkcheck.coverage.lost":
                raise LostChangeError(f"{where} left the scope, and nobody was told")
