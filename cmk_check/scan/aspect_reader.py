"""Read aspects (exceptions, keys) for one slice; a failed reading affects no verdict."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, override

from cmk_check.core.account import Accounts
from cmk_check.core.aspects.aspect import AllJudged, Aspect, Judged
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.judge_accounts import (
    add_key_health,
    list_known_vaults,
    select_accounts,
    unread,
)
from cmk_check.core.comparison.updates import Known
from cmk_check.core.exceptions.facts import NOT_ASKED, ExemptionFacts
from cmk_check.core.exceptions.judge_exception import find_exception, unread_exception
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.model import Finding
from cmk_check.core.reasons.gap_sentences import (
    EXEMPTION_NOT_READ,
    EXEMPTION_TIME_IS_UP,
    KEY_NOT_READ,
    KEY_TIME_IS_UP,
)
from cmk_check.limits import KEY_READING_SHARE
from cmk_check.ports import ExemptionInventory, KeyInventory
from cmk_check.scan.exemption_turns import ExemptionTurns
from cmk_check.scan.scan_context import ScanContext, ScanOptions

type _Keys = Mapping[str, KeyFacts]

_log = logging.getLogger(__name__)


class AspectReader[Inventory, Facts](ABC):
    """Reads one aspect of a subscription's accounts and adds it to their verdicts.

    ``what`` is the aspect's name in the log. ``not_read`` is the gap if the reading was cut off or
    failed, and ``time_is_up`` is the gap if its time was used up.

    Data that accounts share is read once per slice. Shared data must not be older than the claim,
    because the previous worker may have recorded newer data. For this reason the inventory is
    opened at the first reading.
    """

    aspect: ClassVar[Aspect]
    what: ClassVar[str]
    not_read: ClassVar[Gap]
    time_is_up: ClassVar[Gap]

    def __init__(self, connect: Callable[[], Inventory], options: ScanOptions) -> None:
        self._connect = connect
        self._options = options
        self._inventory: Inventory | None = None
        time = options.reading_deadline.total_seconds() * KEY_READING_SHARE
        self._deadline = asyncio.get_running_loop().time() + time

    async def read(self, judged: AllJudged, rows: Known, now: datetime) -> AllJudged:
        """Return the accounts with the aspect, marked unread if it could not be read."""
        accounts = select_accounts(self.aspect, judged)
        if not accounts:
            return judged
        what = f"{self.what} of {accounts[0].id}"
        facts: Facts | Gap = self.not_read
        left = self._deadline - asyncio.get_running_loop().time()
        try:
            if left <= 0:
                facts = self.time_is_up
            else:
                if self._inventory is None:
                    self._inventory = self._connect()
                seconds = min(self._options.subscription_timeout, left)
                facts = await self._ask(self._inventory, accounts, rows, seconds)
        except Exception:  # noqa: BLE001 - a bug must not affect verdicts
            _log.exception("%s could not be read.", what)
        try:
            return self._add_facts(judged, rows, facts, now)
        except Exception:  # noqa: BLE001 - likewise
            _log.exception("%s could not be judged.", what)
            return self._add_facts(judged, rows, self.not_read, now)

    def unread(self, judged: AllJudged, rows: Known, now: datetime) -> AllJudged:
        """Return the accounts with the aspect marked unread."""
        return self._add_facts(judged, rows, self.not_read, now)

    def _add_facts(
        self, judged: AllJudged, rows: Known, facts: Facts | Gap, now: datetime
    ) -> AllJudged:
        return {
            account_id: self._judge(entry, rows.findings.get(account_id), facts, now)
            if self.aspect.applies(entry.judgement)
            else entry
            for account_id, entry in judged.items()
        }

    @abstractmethod
    async def _ask(
        self, inventory: Inventory, accounts: Accounts, rows: Known, seconds: float
    ) -> Facts:
        """Read the facts within ``seconds``."""

    @abstractmethod
    def _judge(
        self, entry: Judged, before: Finding | None, facts: Facts | Gap, now: datetime
    ) -> Judged:
        """Return an account with its aspect as of ``now``; a gap replaces missing facts."""


class ExceptionReader(AspectReader[ExemptionInventory, ExemptionFacts]):
    """Reads the exemptions of the non-compliant accounts for one slice."""

    aspect = EXCEPTION
    what = "The exemptions"
    not_read, time_is_up = EXEMPTION_NOT_READ, EXEMPTION_TIME_IS_UP

    def __init__(
        self, connect: Callable[[], ExemptionInventory], options: ScanOptions, turns: ExemptionTurns
    ) -> None:
        super().__init__(connect, options)
        self._turns = turns

    @override
    async def _ask(
        self, inventory: ExemptionInventory, accounts: Accounts, rows: Known, seconds: float
    ) -> ExemptionFacts:
        now = asyncio.get_running_loop().time
        until = now() + seconds
        if not await self._turns.must_read(inventory, accounts, rows, seconds):
            return NOT_ASKED
        ids = [account.id for account in accounts]
        return await inventory.read(ids[0].subscription_id, ids, seconds=until - now())

    @override
    def _judge(
        self, entry: Judged, before: Finding | None, facts: ExemptionFacts | Gap, now: datetime
    ) -> Judged:
        if isinstance(facts, Gap):
            return replace(entry, exception=unread_exception(facts))
        exception = find_exception(entry.account, facts, self._options.exception_rules, now)
        return replace(entry, exception=exception)


class KeyReader(AspectReader[KeyInventory, _Keys]):
    """Reads the keys of the compliant accounts for one slice."""

    aspect = KEY_HEALTH
    what = "The keys"
    not_read, time_is_up = KEY_NOT_READ, KEY_TIME_IS_UP

    @override
    async def _ask(
        self, inventory: KeyInventory, accounts: Accounts, rows: Known, seconds: float
    ) -> _Keys:
        vaults = list_known_vaults(rows.findings, accounts)
        return await inventory.read(accounts, vaults, seconds=seconds)

    @override
    def _judge(
        self, entry: Judged, before: Finding | None, facts: _Keys | Gap, now: datetime
    ) -> Judged:
        if isinstance(facts, Gap):
            return add_key_health(entry, before, unread(facts), now)
        return add_key_health(entry, before, facts.get(str(entry.account.id)), now)


def build_readers(context: ScanContext, turns: ExemptionTurns) -> list[ExceptionReader | KeyReader]:
    """Return a reader for each aspect that is switched on."""
    options = context.options
    readers: list[ExceptionReader | KeyReader] = []
    if context.exemptions is not None:
        readers.append(ExceptionReader(context.exemptions, options, turns))
    if context.keys is not None:
        # The key reader is last, because keys get the most time.
        readers.append(KeyReader(context.keys, options))
    return readers
