"""Reading the exceptions of a slice's accounts; failures here affect only exceptions."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from cmk_check.core.comparison.judge import non_compliant
from cmk_check.core.exceptions.account_exception import Exceptions
from cmk_check.core.exceptions.facts import ExemptionFacts
from cmk_check.core.exceptions.judge import exception_of
from cmk_check.core.keys.facts import Unread
from cmk_check.core.model import Account
from cmk_check.core.reasons.gap_sentences import EXEMPTION_TIME_IS_UP
from cmk_check.limits import KEY_READING_SHARE
from cmk_check.ports import ExemptionInventory
from cmk_check.scan.scan_context import ScanOptions

_log = logging.getLogger(__name__)


class ExceptionReader:
    """Reads exemptions for one slice, as long as keys are read.

    What subscriptions share is read once, and not before the claim of the slice.
    """

    def __init__(
        self, open_exemptions: Callable[[], ExemptionInventory], options: ScanOptions
    ) -> None:
        self._open = open_exemptions
        self._inventory: ExemptionInventory | None = None
        self._options = options
        time = options.reading_deadline.total_seconds() * KEY_READING_SHARE
        self._deadline = asyncio.get_running_loop().time() + time

    async def read(self, accounts: Sequence[Account], now: datetime) -> Exceptions:
        """Return the exceptions of the non-compliant accounts of one subscription, as of ``now``.

        Where they could not be judged, the accounts are missing.
        """
        excepted = non_compliant(accounts, self._options.kinds)
        if not excepted:
            return {}
        try:
            facts = await self._facts(excepted)
            rules = self._options.exception_rules
            return {
                str(account.id): exception_of(account, facts, rules, now) for account in excepted
            }
        except Exception:  # noqa: BLE001 - a bug in here must not affect verdicts
            _log.exception("The exceptions of %s could not be judged.", excepted[0].id)
            return {}

    async def _facts(self, accounts: Sequence[Account]) -> ExemptionFacts:
        left = self._deadline - asyncio.get_running_loop().time()
        if left <= 0:
            return ExemptionFacts(Unread(EXEMPTION_TIME_IS_UP))
        if self._inventory is None:
            self._inventory = self._open()
        return await self._inventory.read(
            accounts[0].id.subscription_id,
            [account.id for account in accounts],
            seconds=min(self._options.subscription_timeout, left),
        )
