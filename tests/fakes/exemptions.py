"""An inventory of exemptions that tells what a test scripts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cmk_check.core.enums import ExceptionReason, GapReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.exceptions.facts import Assignment, Exemption, ExemptionFacts
from cmk_check.core.exceptions.judge_exception import CMK_POLICY
from cmk_check.core.gap import Gap
from cmk_check.core.resource_id import AccountId
from cmk_check.core.unread import Unread

CORP: Final = "/providers/microsoft.management/managementgroups/corp"
ASSIGNMENT: Final = f"{CORP}/providers/microsoft.authorization/policyassignments/cmk"
DENIED: Final = ExemptionFacts(
    Unread(Gap(GapReason.FORBIDDEN, "Microsoft.Authorization/policyExemptions/read", "Ask."))
)
NONE: Final = ExemptionFacts()


def exempted(
    subscription_id: str, until: datetime | None, name: str = "accepted", **fields: object
) -> ExemptionFacts:
    """Return the facts of a subscription that is exempted from the policy until a time."""
    scope = f"/subscriptions/{subscription_id}"
    shown = AccountException(
        ExceptionReason.MALFORMED_EXEMPTION,
        f"{scope}/providers/microsoft.authorization/policyexemptions/{name}",
        expires_on=until,
        category="Waiver",
        display_name="Until the move",
        **fields,  # type: ignore[arg-type]
    )
    exemption = Exemption(scope, ASSIGNMENT, shown)
    return ExemptionFacts((exemption,), {ASSIGNMENT: Assignment(CORP, CMK_POLICY)})


@dataclass
class ScriptedExemptions:
    """Implements ``ports.ExemptionInventory``; a subscription that is not scripted has none.

    ``asked`` keeps the subscriptions that were asked for, ``seconds`` the time that each may take.
    ``shown`` are the subscriptions that Resource Graph shows as exempted; None if it does not
    answer. ``queries`` are the subscriptions of each query to it.
    """

    facts: dict[str, ExemptionFacts] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    is_broken: bool = False
    shown: frozenset[str] | None = None
    queries: list[list[str]] = field(default_factory=list)

    def open(self) -> "ScriptedExemptions":
        """Return it to one who works on a slice."""
        return self

    async def read(
        self, subscription_id: str, accounts: Sequence[AccountId], *, seconds: float
    ) -> ExemptionFacts:
        """Return the scripted facts."""
        assert accounts
        assert seconds > 0
        self.seconds.append(seconds)
        self.asked.append(subscription_id)
        if self.is_broken:
            raise RuntimeError("a fault")
        return self.facts.get(subscription_id, NONE)

    async def may_be_exempted(
        self, subscription_ids: Sequence[str], *, seconds: float
    ) -> frozenset[str] | None:
        """Return what is shown."""
        assert seconds > 0
        self.queries.append(list(subscription_ids))
        return self.shown


class _InEachScan:
    async def must_read(self, *_: object) -> bool:
        return True


IN_EACH_SCAN: Final[Any] = _InEachScan()
"""Stands for ``ExemptionTurns`` and lets exemptions be read in each scan."""
