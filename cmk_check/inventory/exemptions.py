"""Reads exemptions of Azure Policy, and the assignments and initiatives that they refer to.

Without a filter, a subscription's list contains the exemptions of the management groups above it
and of everything inside it:
https://learn.microsoft.com/rest/api/policyauthorization/policy-exemptions/list.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from cmk_check.core.enums import GapReason
from cmk_check.core.exceptions.facts import (
    Assignment,
    ExemptionFacts,
    SetDefinition,
    is_set,
    parse_assignment,
    parse_exemption,
    parse_set,
)
from cmk_check.core.exceptions.judge_exception import exempts, is_management_group
from cmk_check.core.reasons.gap_sentences import assignment_denied
from cmk_check.core.resource_id import AccountId, account_path
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.gaps import (
    MALFORMED,
    READ_EXEMPTIONS,
    READ_POLICY_ASSIGNMENTS,
    READ_POLICY_SETS,
    TROUBLE,
    code_of_404,
    gap_of,
)
from cmk_check.inventory.single_flight import SingleFlight

_GONE: Final = frozenset({"policyassignmentnotfound", "policysetdefinitionnotfound"})
_MALFORMED: Final = Unread(MALFORMED)


class AzureExemptions:
    """Implements ``ports.ExemptionInventory``: each assignment and initiative is read once."""

    def __init__(self, reader: ArmReader) -> None:
        self._reader = reader
        self._assignments: SingleFlight[Assignment | Absent | Unread] = SingleFlight()
        self._sets: SingleFlight[SetDefinition | Absent | Unread] = SingleFlight()

    async def read(
        self, subscription_id: str, accounts: Sequence[AccountId], *, seconds: float
    ) -> ExemptionFacts:
        """Read the exemptions of a subscription's accounts, with assignments and initiatives."""
        deadline = asyncio.get_running_loop().time() + seconds
        paths = [account_path(account) for account in accounts]
        try:
            async with asyncio.timeout_at(deadline):
                path = f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization"
                entries = await self._reader.entries(f"{path}/policyExemptions", Deadline(deadline))
        except TROUBLE as error:
            return ExemptionFacts(Unread(gap_of(error, READ_EXEMPTIONS)))
        exemptions = tuple(
            exemption
            for exemption in map(parse_exemption, entries)
            if exemption is not None and any(exempts(exemption, path) for path in paths)
        )
        named = (each.assignment_id for each in exemptions if not each.is_malformed)
        assignments = await self._assignments.each(named, self._assignment, deadline)
        initiatives = (
            each.definition_id
            for each in assignments.values()
            if isinstance(each, Assignment) and is_set(each.definition_id)
        )
        sets = await self._sets.each(initiatives, self._set, deadline)
        return ExemptionFacts(exemptions, assignments, sets)

    async def _assignment(self, name: str, until: Deadline) -> Assignment | Absent | Unread:
        found = await self._document(name, until, READ_POLICY_ASSIGNMENTS)
        return found if not isinstance(found, dict) else parse_assignment(name, found) or _MALFORMED

    async def _set(self, name: str, until: Deadline) -> SetDefinition | Absent | Unread:
        found = await self._document(name, until, READ_POLICY_SETS)
        return found if not isinstance(found, dict) else parse_set(found) or _MALFORMED

    async def _document(
        self, name: str, until: Deadline, action: str
    ) -> dict[str, object] | Absent | Unread:
        try:
            return await self._reader.document(name, until)
        except TROUBLE as error:
            if code_of_404(error) in _GONE:
                return Absent(name)
            gap = gap_of(error, action)
            if gap.reason is GapReason.FORBIDDEN and is_management_group(name):
                gap = assignment_denied(gap.missing_action or action)
            return Unread(gap, name)
