"""Reading the exceptions of a slice's accounts; failures here affect only exceptions."""

from dataclasses import replace
from datetime import datetime
from typing import override

from cmk_check.core.account import Account
from cmk_check.core.aspects.aspect import Judged
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.comparison.updates import Known
from cmk_check.core.exceptions.facts import ExemptionFacts
from cmk_check.core.exceptions.judge_exception import exception_of, unread_exception
from cmk_check.core.model import Finding
from cmk_check.core.reasons.gap_sentences import EXEMPTION_NOT_READ, EXEMPTION_TIME_IS_UP
from cmk_check.core.unread import Unread
from cmk_check.ports import ExemptionInventory
from cmk_check.scan.aspect_reader import AspectReader


class ExceptionReader(AspectReader[ExemptionInventory, ExemptionFacts]):
    """Reads the exemptions of the non-compliant accounts for one slice."""

    aspect = EXCEPTION
    what = "The exemptions"
    nothing = ExemptionFacts(Unread(EXEMPTION_NOT_READ))

    @override
    async def _ask(
        self,
        inventory: ExemptionInventory,
        accounts: tuple[Account, ...],
        known: Known,
        now: datetime,
        seconds: float,
    ) -> ExemptionFacts:
        ids = [account.id for account in accounts]
        return await inventory.read(ids[0].subscription_id, ids, seconds=seconds)

    @override
    def _late(self, accounts: tuple[Account, ...]) -> ExemptionFacts:
        return ExemptionFacts(Unread(EXEMPTION_TIME_IS_UP))

    @override
    def _judge(
        self, entry: Judged, before: Finding | None, facts: ExemptionFacts | None, now: datetime
    ) -> Judged:
        if facts is None:
            return replace(entry, exception=unread_exception(EXEMPTION_NOT_READ))
        exception = exception_of(entry.account, facts, self._options.exception_rules, now)
        return replace(entry, exception=exception)
