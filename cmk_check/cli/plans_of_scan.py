"""The plans for what a scan found, in the order in which they are to be run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from cmk_check.cli.plan_choice import PlanChoice
from cmk_check.cli.plan_index import (
    PlanIndex,
    PlannedAccount,
    Selection,
    Unplanned,
    VaultOfPlan,
    WithoutPlan,
)
from cmk_check.cli.problems import accepted_by
from cmk_check.core.enums import KeyState, Verdict
from cmk_check.core.remediation.key_plan import key_plan_for
from cmk_check.core.remediation.plan import Plan, TargetVault, plan_for, vault_to_share
from cmk_check.limits import MAX_NAMES_LISTED, MAX_PLAN_NAME_CHARS

if TYPE_CHECKING:
    from cmk_check.cli.problems import Collected, Problem
    from cmk_check.core.model import Finding
    from cmk_check.web import models

# Whatever an account is called: safe in every file system, shell and link.
_UNSAFE: Final = re.compile("[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Plans:
    """The index, and the plans by file, in the order of the index."""

    index: PlanIndex
    by_file: Mapping[str, Plan]


@dataclass(frozen=True, slots=True)
class _Planned:
    finding: "models.Finding"
    problem: "Problem"
    plan: Plan


def plans_of(
    collected: "Collected", findings: Mapping[str, "Finding"], choice: PlanChoice
) -> Plans:
    """Plan for each account that is chosen and violated, or whose key is in trouble.

    ``findings`` are by lower-cased id.
    """
    chosen = [
        (finding, problems)
        for finding, problems in collected.accounts
        if choice.owner is None or _owner(finding) == choice.owner
    ]
    without: list[WithoutPlan] = []
    planned: list[_Planned] = []
    compliant = 0
    shared: dict[str, TargetVault] = {}
    for finding, problems in sorted(chosen, key=lambda each: each[0].id):
        plan = _plan(findings[finding.id], finding, problems, choice, shared)
        if plan is not None:
            left = {each.code.value for each in plan.left}
            ended = next(each for each in problems if each.code not in left)
            planned.append(_Planned(finding, ended, plan))
            without += [
                _without("reason", each, finding.id, finding.name)
                for each in problems
                if each.code in left
            ]
        elif _needs_one(finding, problems):
            without.append(_without("account", problems[0], finding.id, finding.name))
        else:
            compliant += 1
    without += [
        _without("subscription", problem, gap.subscription_id, gap.name)
        for gap, problem in collected.gaps
    ]
    without += [_without("scan", problem) for problem in collected.of_scan]
    files = _files(planned := _in_order(planned))
    index = PlanIndex(
        selection=Selection(
            owner=choice.owner,
            subscriptions=choice.subscriptions,
            share_vault=choice.share_vault,
        ),
        compliant=compliant,
        plans=[_entry(file, each) for file, each in zip(files, planned, strict=True)],
        without_plan=without,
    )
    return Plans(index, dict(zip(files, (each.plan for each in planned), strict=True)))


def similar_owners(collected: "Collected", owner: str) -> Sequence[str]:
    """Return owners of accounts whose names are like this one."""
    owners = {name for finding, _ in collected.accounts if (name := _owner(finding))}
    return get_close_matches(owner, sorted(owners), MAX_NAMES_LISTED)


def _owner(finding: "models.Finding") -> str | None:
    return finding.owner.value if finding.owner else None


def _needs_one(finding: "models.Finding", problems: Sequence["Problem"]) -> bool:
    """Tell whether an account is to be listed if it has no plan."""
    health = finding.key_health
    is_in_trouble = health is not None and health.state is not KeyState.HEALTHY
    return bool(problems) and (finding.verdict is not Verdict.COMPLIANT or is_in_trouble)


def _without(
    what: Unplanned, problem: "Problem", place: str | None = None, name: str | None = None
) -> WithoutPlan:
    return WithoutPlan(
        what=what,
        id=place,
        name=name,
        reason=problem.code,
        message=problem.accepted or problem.message,
        accepted=problem.accepted is not None,
    )


def _plan(
    known: "Finding",
    finding: "models.Finding",
    problems: Sequence["Problem"],
    choice: PlanChoice,
    shared: dict[str, TargetVault],
) -> Plan | None:
    if any(each.accepted for each in problems):
        return None
    if finding.verdict is Verdict.COMPLIANT:
        return key_plan_for(known, tenant_id=finding.tenant_id) if problems else None
    vault: str | TargetVault | None = choice.vault
    if choice.share_vault and (own := vault_to_share(known)) is not None:
        # One resource group for all: that of the first account.
        vault = shared.setdefault(own.name, own)
    return plan_for(known, tenant_id=finding.tenant_id, vault=vault, key=choice.key)


def _in_order(planned: Sequence[_Planned]) -> list[_Planned]:
    """Order by subscription, and within it the accounts of one vault after each other."""
    first: dict[tuple[str, str], int] = {}
    for place, each in enumerate(planned):
        first.setdefault((each.finding.subscription_id, each.plan.vault.name), place)
    return sorted(
        planned, key=lambda each: first[each.finding.subscription_id, each.plan.vault.name]
    )


def _files(planned: Sequence[_Planned]) -> list[str]:
    width = len(str(len(planned)))
    return [
        f"plans/{number:0{width}}-{_safe(each.finding.name)}.sh"
        for number, each in enumerate(planned, 1)
    ]


def _safe(name: str) -> str:
    return _UNSAFE.sub("-", name.lower())[:MAX_PLAN_NAME_CHARS].strip("-") or "account"


def _entry(file: str, planned: _Planned) -> PlannedAccount:
    finding, plan = planned.finding, planned.plan
    fields = ("id", "name", "resource_group", "subscription_id", "subscription_name", "owner")
    return PlannedAccount(
        **{name: getattr(finding, name) for name in (*fields, "kind", "location")},
        file=file,
        reason=planned.problem.code,
        message=planned.problem.message,
        accepted=accepted_by(finding.exception),
        vault=VaultOfPlan.model_validate(plan.vault),
        key=plan.key,
    )
