"""Reading what stands beside verdicts, for one slice; failures here affect nothing else."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from cmk_check.core.account import Account
from cmk_check.core.aspects.aspect import AllJudged, Aspect, Judged
from cmk_check.core.comparison.judge_accounts import accounts_of
from cmk_check.core.comparison.updates import Known
from cmk_check.core.model import Finding
from cmk_check.limits import KEY_READING_SHARE
from cmk_check.scan.scan_context import ScanOptions
from cmk_check.store.scan_rows import Scan

_log = logging.getLogger(__name__)


class AspectReader[Inventory, Facts](ABC):
    """Reads one aspect of the accounts of a subscription, and puts it beside their verdicts.

    ``what`` names it in the log, ``share`` is its part of the slice's time, ``nothing`` is what is
    known after a bug.

    What accounts share is read once. It must not be older than the claim of the slice, because the
    previous worker may have recorded something newer. So the inventory is opened with the first
    reading.
    """

    aspect: ClassVar[Aspect]
    what: ClassVar[str]
    share: ClassVar[float] = KEY_READING_SHARE
    nothing: Facts

    def __init__(
        self, open_inventory: Callable[[], Inventory], options: ScanOptions, scan: Scan
    ) -> None:
        self._open = open_inventory
        self._options = options
        self._scan = scan
        self._inventory: Inventory | None = None
        time = options.reading_deadline.total_seconds() * self.share
        self._deadline = asyncio.get_running_loop().time() + time

    async def read(self, judged: AllJudged, known: Known, now: datetime) -> AllJudged:
        """Return the accounts with what was read; what could not be read says so."""
        accounts = accounts_of(self.aspect, judged)
        if not accounts:
            return judged
        what, facts = f"{self.what} of {accounts[0].id}", self.nothing
        left = self._deadline - asyncio.get_running_loop().time()
        try:
            if left <= 0:
                facts = self._late(accounts)
            else:
                if self._inventory is None:
                    self._inventory = self._open()
                seconds = min(self._options.subscription_timeout, left)
                facts = await self._ask(self._inventory, accounts, known, now, seconds)
        except Exception:  # noqa: BLE001 - a bug must not affect verdicts
            _log.exception("%s could not be read.", what)
        try:
            return self._beside(judged, known, facts, now)
        except Exception:  # noqa: BLE001 - likewise
            _log.exception("%s could not be judged.", what)
            return self._beside(judged, known, None, now)

    def unread(self, judged: AllJudged, known: Known, now: datetime) -> AllJudged:
        """Return the accounts as those of which nothing was read."""
        return self._beside(judged, known, self.nothing, now)

    def _beside(
        self, judged: AllJudged, known: Known, facts: Facts | None, now: datetime
    ) -> AllJudged:
        return {
            account_id: self._judge(entry, known.findings.get(account_id), facts, now)
            if self.aspect.applies(entry.judgement)
            else entry
            for account_id, entry in judged.items()
        }

    @abstractmethod
    async def _ask(
        self,
        inventory: Inventory,
        accounts: tuple[Account, ...],
        known: Known,
        now: datetime,
        seconds: float,
    ) -> Facts:
        """Read the facts within so many seconds."""

    @abstractmethod
    def _late(self, accounts: tuple[Account, ...]) -> Facts:
        """Return what is known where the time is up."""

    @abstractmethod
    def _judge(
        self, entry: Judged, before: Finding | None, facts: Facts | None, now: datetime
    ) -> Judged:
        """Return an account with its side as of ``now``; without facts after a bug in this."""
