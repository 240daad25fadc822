"""Read Azure Policy exemptions, and the policy assignments and initiatives that they refer to.

Without a filter, a subscription's list contains the exemptions of the management groups above the
subscription and of everything inside the subscription:
https://learn.microsoft.com/rest/api/policyauthorization/policy-exemptions/list.

One query to Azure Resource Graph shows where exemptions exist, but with a delay and possibly with
omissions: https://learn.microsoft.com/azure/governance/policy/samples/resource-graph-samples.
"""

import asyncio
import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from cmk_check.core.enums import GapReason
from cmk_check.core.exceptions.facts import (
    MANAGEMENT_GROUP,
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
from cmk_check.core.text import as_object, fold_id
from cmk_check.core.unread import Absent, Unread
from cmk_check.inventory import gaps
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.calls import Deadline
from cmk_check.inventory.resource_graph import BY_ID, read_page, read_rows
from cmk_check.inventory.single_flight import SingleFlight
from cmk_check.limits import MAX_KNOWN_ACCOUNT_PAGES

_GONE: Final = frozenset({"policyassignmentnotfound", "policysetdefinitionnotfound"})
_MALFORMED: Final = Unread(gaps.MALFORMED)
_ASSIGNMENTS: Final = "microsoft.authorization/policyassignments"
_EXEMPTIONS: Final = "microsoft.authorization/policyexemptions"
# One row for each management group and subscription with an exemption, and one row without a scope
# if assignments are visible.
_EXEMPTED: Final = (
    f"policyresources | where type in~ ('{_ASSIGNMENTS}','{_EXEMPTIONS}')"
    f" | extend place = iff(type =~ '{_ASSIGNMENTS}', '', tolower(id))"
    " | extend place = iff(place startswith '/subscriptions/',"
    " strcat('/subscriptions/', tostring(split(place, '/')[2])),"
    f" tostring(split(place, '/providers/{_EXEMPTIONS}/')[0]))"
    " | summarize by place | order by place asc"
)
_ANCESTORS: Final = (
    "resourcecontainers | where type =~ 'microsoft.resources/subscriptions'"
    f" | project id, above = properties.managementGroupAncestorsChain{BY_ID}"
)

_log = logging.getLogger(__name__)


class AzureExemptions:
    """Implements ``ports.ExemptionInventory``; each assignment and initiative is read once."""

    def __init__(self, reader: ArmReader) -> None:
        self._reader = reader
        self._assignments: SingleFlight[Assignment | Absent | Unread] = SingleFlight()
        self._sets: SingleFlight[SetDefinition | Absent | Unread] = SingleFlight()

    async def read(
        self, subscription_id: str, accounts: Sequence[AccountId], *, seconds: float
    ) -> ExemptionFacts:
        """Return the exemptions of a subscription's accounts, with assignments and initiatives."""
        deadline = asyncio.get_running_loop().time() + seconds
        paths = [account_path(account) for account in accounts]
        try:
            async with asyncio.timeout_at(deadline):
                path = f"/subscriptions/{subscription_id}/providers/Microsoft.Authorization"
                entries = await self._reader.entries(f"{path}/policyExemptions", Deadline(deadline))
        except gaps.TROUBLE as error:
            return ExemptionFacts(Unread(gaps.build_gap(error, gaps.READ_EXEMPTIONS)))
        exemptions = tuple(
            exemption
            for exemption in map(parse_exemption, entries)
            if exemption is not None and any(exempts(exemption, path) for path in paths)
        )
        assignment_ids = (each.assignment_id for each in exemptions if not each.is_malformed)
        assignments = await self._assignments.read_all(assignment_ids, self._assignment, deadline)
        initiatives = (
            assignment.definition_id
            for assignment in assignments.values()
            if isinstance(assignment, Assignment) and is_set(assignment.definition_id)
        )
        sets = await self._sets.read_all(initiatives, self._set, deadline)
        return ExemptionFacts(exemptions, assignments, sets)

    async def may_be_exempted(
        self, subscription_ids: Sequence[str], *, seconds: float
    ) -> frozenset[str] | None:
        """Return the subscriptions with exemptions in or above them, or None if these are unknown.

        If the response contains no policy, the result is None, because the identity may lack the
        right to read policies.
        """
        until, ids = Deadline.within(seconds), list(subscription_ids)
        try:
            async with asyncio.timeout_at(until.latest):
                page = await read_page(
                    self._reader, _EXEMPTED, until, subscriptions=ids, above=True
                )
                places = [as_object(row).get("place") for row in page.rows]
                if not places or page.truncated or page.limited or not all(map(_is_place, places)):
                    return None
                groups = {each for each in map(str, places) if is_management_group(each)}
                below = await self._list_below(groups, ids, until) if groups else frozenset[str]()
        except gaps.TROUBLE as error:
            gap = gaps.build_gap(error, gaps.QUERY_GRAPH)
            _log.warning("Resource Graph did not say where exemptions are: %s", gap.detail)
            return None
        return below.union(each for each in ids if f"/subscriptions/{each}" in places)

    async def _list_below(
        self, groups: AbstractSet[str], subscription_ids: list[str], until: Deadline
    ) -> frozenset[str]:
        """Return subscriptions below any of the ``groups``, and those whose groups are unknown."""
        rows = await read_rows(
            self._reader,
            _ANCESTORS,
            until,
            pages=MAX_KNOWN_ACCOUNT_PAGES,
            subscriptions=subscription_ids,
        )
        above = {fold_id(row.get("id")): _list_groups_above(row) for row in map(as_object, rows)}
        all_groups = groups | {MANAGEMENT_GROUP}  # of a group without a name
        return frozenset(
            subscription_id
            for subscription_id in subscription_ids
            if not (groups_above := above.get(f"/subscriptions/{subscription_id}"))
            or not all_groups.isdisjoint(groups_above)
        )

    async def _assignment(self, name: str, until: Deadline) -> Assignment | Absent | Unread:
        document = await self._document(name, until, gaps.READ_POLICY_ASSIGNMENTS)
        if not isinstance(document, dict):
            return document
        return parse_assignment(name, document) or _MALFORMED

    async def _set(self, name: str, until: Deadline) -> SetDefinition | Absent | Unread:
        document = await self._document(name, until, gaps.READ_POLICY_SETS)
        return document if not isinstance(document, dict) else parse_set(document) or _MALFORMED

    async def _document(
        self, name: str, until: Deadline, action: str
    ) -> dict[str, object] | Absent | Unread:
        try:
            return await self._reader.document(name, until)
        except gaps.TROUBLE as error:
            if gaps.get_404_code(error) in _GONE:
                return Absent(name)
            gap = gaps.build_gap(error, action)
            if gap.reason is GapReason.FORBIDDEN and is_management_group(name):
                gap = assignment_denied(gap.missing_action or action)
            return Unread(gap, name)


def _is_place(place: object) -> bool:
    """Return whether ``place`` is a subscription, a management group, or "" for an assignment."""
    prefixes = ("/subscriptions/", MANAGEMENT_GROUP)
    return isinstance(place, str) and (not place or place.startswith(prefixes))


def _list_groups_above(row: dict[str, object]) -> set[str]:
    entries = row.get("above")
    names = entries if isinstance(entries, list) else []
    return {f"{MANAGEMENT_GROUP}{fold_id(as_object(each).get('name'))}" for each in names}
