"""Reading the exceptions of a slice's accounts; failures here affect only exceptions."""

from collections.abc import Callable, Sequence
from datetime import datetime

from cmk_check.core.comparison.judge import non_compliant
from cmk_check.core.exceptions.account_exception import Exceptions
from cmk_check.core.exceptions.facts import ExemptionFacts
from cmk_check.core.exceptions.judge import exception_of
from cmk_check.core.keys.facts import Unread
from cmk_check.core.model import Account
from cmk_check.core.reasons.gap_sentences import EXEMPTION_NOT_READ, EXEMPTION_TIME_IS_UP
from cmk_check.ports import ExemptionInventory
from cmk_check.scan.scan_context import ScanOptions
from cmk_check.scan.side_reading import SideReader, judged


class ExceptionReader:
    """Reads exemptions for one slice, as long as keys are read."""

    def __init__(
        self, open_exemptions: Callable[[], ExemptionInventory], options: ScanOptions
    ) -> None:
        self._reader = SideReader(open_exemptions, options)
        self._options = options

    async def read(self, accounts: Sequence[Account], now: datetime) -> Exceptions:
        """Return the exceptions of the non-compliant accounts of one subscription, as of ``now``.

        Where they could not be judged, the accounts are missing.
        """
        excepted = non_compliant(accounts, self._options.kinds)
        if not excepted:
            return {}
        ids = [account.id for account in excepted]
        facts = await self._reader.read(
            f"The exemptions of {ids[0]}",
            lambda reader, seconds: reader.read(ids[0].subscription_id, ids, seconds=seconds),
            late=ExemptionFacts(Unread(EXEMPTION_TIME_IS_UP)),
            failed=ExemptionFacts(Unread(EXEMPTION_NOT_READ)),
        )
        rules = self._options.exception_rules
        return judged(
            f"The exceptions of {ids[0]}",
            lambda: {
                str(account.id): exception_of(account, facts, rules, now) for account in excepted
            },
        )
