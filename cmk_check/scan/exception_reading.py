"""Reading the exceptions of a slice's accounts; failures here affect only exceptions."""

from collections.abc import Callable
from datetime import datetime

from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.comparison.judge import accounts_of, with_exceptions
from cmk_check.core.comparison.updates import Known
from cmk_check.core.exceptions.facts import ExemptionFacts
from cmk_check.core.exceptions.judge import exception_of
from cmk_check.core.reasons.gap_sentences import EXEMPTION_NOT_READ, EXEMPTION_TIME_IS_UP
from cmk_check.core.unread import Unread
from cmk_check.ports import ExemptionInventory
from cmk_check.scan.scan_context import ScanOptions
from cmk_check.scan.side_reading import SideReader, judged_or_unread


class ExceptionReader:
    """Reads exemptions for one slice, as long as keys are read; implements ``AspectReader``."""

    def __init__(
        self, open_exemptions: Callable[[], ExemptionInventory], options: ScanOptions
    ) -> None:
        self._reader = SideReader(open_exemptions, options)
        self._rules = options.exception_rules

    async def read(self, judged: AllJudged, _known: Known, now: datetime) -> AllJudged:
        """Read the exemptions of the non-compliant accounts, and judge them as of ``now``."""
        violating = accounts_of(EXCEPTION, judged)
        if not violating:
            return judged
        ids = [account.id for account in violating]
        what, failed = f"The exemptions of {ids[0]}", ExemptionFacts(Unread(EXEMPTION_NOT_READ))
        facts = await self._reader.read(
            what,
            lambda reader, seconds: reader.read(ids[0].subscription_id, ids, seconds=seconds),
            late=ExemptionFacts(Unread(EXEMPTION_TIME_IS_UP)),
            failed=failed,
        )

        def judge(read: ExemptionFacts) -> AllJudged:
            found = {
                str(account.id): exception_of(account, read, self._rules, now)
                for account in violating
            }
            return with_exceptions(judged, found)

        return judged_or_unread(what, judge, facts, failed)
