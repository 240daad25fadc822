"""Scan in memory, and plan for the result, in the order in which the plans must run."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Literal

from cmk_check.cli.console import remarks, show_warnings
from cmk_check.cli.entries import Problem
from cmk_check.cli.exit_codes import INTERRUPTED, UNKNOWN, complain
from cmk_check.cli.output_options import Language
from cmk_check.cli.problems import Collected, collect
from cmk_check.cli.scan_report import say_who, scan_with_progress
from cmk_check.cli.scan_result import ScanResult
from cmk_check.composition_root import App
from cmk_check.config.settings import Settings
from cmk_check.core.enums import KeyReason, KeyState, ScanState, Verdict
from cmk_check.core.model import Finding
from cmk_check.core.remediation.encryption_plan import choose_shared_vault, plan_for
from cmk_check.core.remediation.key_plan import plan_key_fix
from cmk_check.core.remediation.plan import Plan, TargetVault
from cmk_check.core.text import escape_invisible
from cmk_check.limits import MAX_PLAN_NAME_CHARS
from cmk_check.scan.scan_context import ScanContext
from cmk_check.web import models

# Makes any account's name safe in every file system, shell and link.
_UNSAFE: Final = re.compile("[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """The accounts to plan for, by owner, by subscription or all, and how to plan.

    ``unowned`` selects the accounts without an owner. ``vault`` and ``key`` are passed to
    ``plan_for``. For a single account, only these two and ``language`` are used.
    """

    owner: str | None = None
    subscriptions: Sequence[str] = ()
    share_vault: bool = False
    vault: str | None = None
    key: str | None = None
    unowned: bool = False
    language: Language = Language.AZ


@dataclass(frozen=True, slots=True)
class PlannedAccount:
    """An account, the worst problem that its plan fixes, and the plan in this file."""

    file: str
    finding: models.Finding
    problem: Problem
    plan: Plan

    @property
    def vault_note(self) -> str:
        """The result of reading an existing vault; "" for a vault that the plan creates."""
        if self.plan.vault.is_new:
            return ""
        health = self.finding.key_health
        codes = {each.code for each in health.reasons} if health else {KeyReason.CANNOT_READ}
        if KeyReason.VAULT_NOT_FOUND in codes:
            return " (not found)"
        return " (not checked)" if KeyReason.CANNOT_READ in codes else " (exists)"


@dataclass(frozen=True, slots=True)
class WithoutPlan:
    """A problem without a plan; ``id`` and ``name`` are None for the scan itself.

    ``what`` is ``reason`` if the account has a plan that does not fix this problem.
    """

    what: Literal["account", "reason", "subscription", "scan"]
    problem: Problem
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Plans:
    """All plans of a folder in order; ``compliant`` counts the accounts that need no plan."""

    choice: PlanChoice
    compliant: int
    planned: Sequence[PlannedAccount]
    without: Sequence[WithoutPlan]

    @property
    def sharing_note(self) -> str:
        """A sentence if vaults were to be shared but no two plans share a vault, else ""."""
        shared = [each.plan.vault.name for each in self.planned if each.plan.vault.is_shared]
        if not self.choice.share_vault or not self.planned or len(set(shared)) < len(shared):
            return ""
        return "No two plans create a vault for the same owner, subscription and region."


@dataclass(frozen=True, slots=True)
class Scanned:
    """The result of a scan, also as recorded by lower-cased id.

    ``ignored`` are the ids of accounts whose kinds are not judged.
    """

    collected: Collected
    findings: Mapping[str, Finding]
    ignored: Collection[str]


async def run_with_azure(
    settings: Settings, plan: Callable[[ScanContext, Settings], Awaitable[int]]
) -> int:
    """Connect to Azure, print who signed in, and return the exit code of the plan."""
    app = App(settings)
    try:
        await say_who(await app.inventory())
        return await plan(await app.scan_context(), settings)
    finally:
        await app.close()


async def scan_for_plans(
    context: ScanContext, settings: Settings, lacking: str, *, by_option: bool = False
) -> Scanned | int:
    """Scan in this context with an empty store; if the scan fails, return the exit code.

    The error message says that ``lacking`` was not written. ``by_option`` has the same meaning as
    in ``ScanResult``.
    """
    notes = remarks(color=True)
    with show_warnings(notes):
        outcome = await scan_with_progress(context, notes)
    if outcome.interrupted:
        complain(f"no {lacking} was written because the scan was interrupted.")
        return INTERRUPTED
    if outcome.state not in {ScanState.COMPLETE, ScanState.INCOMPLETE}:
        complain(
            escape_invisible(f"no {lacking} was written because the scan failed: {outcome.reason}")
        )
        return UNKNOWN
    result = ScanResult(context, settings, by_option=by_option)
    findings = {
        account_id: finding
        async for stored in context.findings_table.subscriptions("", "")
        for account_id, finding in stored.known.findings.items()
    }
    return Scanned(await collect(result, await result.status()), findings, outcome.ignored)


def plan_accounts(scanned: Scanned, choice: PlanChoice) -> Plans:
    """Plan for each chosen account that is non-compliant or has a problem with its key."""
    collected = scanned.collected
    without: list[WithoutPlan] = []
    planned: list[tuple[int, models.Finding, Problem, Plan]] = []
    compliant = 0
    shared: dict[str, TargetVault] = {}
    # In the order of subscriptions, and grouped by vault within each subscription.
    places: dict[tuple[str, str], int] = {}
    for finding, problems in sorted(collected.accounts, key=lambda each: each[0].id):
        if choice.owner not in {None, get_owner(finding)} or (choice.unowned and finding.owner):
            continue
        own, health = (finding.id, finding.name), finding.key_health
        is_in_trouble = health is not None and health.state is not KeyState.HEALTHY
        plan = _plan(scanned.findings[finding.id], finding, problems, choice, shared)
        if plan is not None:
            left = {each.code.value for each in plan.left}
            ended = next(each for each in problems if each.code not in left)
            place = places.setdefault((finding.subscription_id, plan.vault.name), len(places))
            planned.append((place, finding, ended, plan))
            without += (WithoutPlan("reason", it, *own) for it in problems if it.code in left)
        elif problems and (finding.verdict is not Verdict.COMPLIANT or is_in_trouble):
            without.append(WithoutPlan("account", problems[0], *own))
        else:
            compliant += 1
    for gap, problem in collected.gaps:
        without.append(WithoutPlan("subscription", problem, gap.subscription_id, gap.name))
    without += (WithoutPlan("scan", problem) for problem in collected.of_scan)
    width = len(str(len(planned)))
    in_order = [
        PlannedAccount(f"plans/{number:0{width}}-{_safe(finding.name)}.sh", finding, ended, plan)
        for number, (_, finding, ended, plan) in enumerate(sorted(planned, key=itemgetter(0)), 1)
    ]
    return Plans(choice, compliant, in_order, without)


def get_owner(finding: models.Finding) -> str | None:
    """Return the name of an account's owner, or None."""
    return finding.owner.value if finding.owner else None


def _plan(
    recorded: Finding,
    finding: models.Finding,
    problems: Sequence[Problem],
    choice: PlanChoice,
    shared: dict[str, TargetVault],
) -> Plan | None:
    if any(each.accepted for each in problems):
        return None
    if finding.verdict is Verdict.COMPLIANT:
        return plan_key_fix(recorded, tenant_id=finding.tenant_id) if problems else None
    vault: str | TargetVault | None = choice.vault
    if choice.share_vault and (own := choose_shared_vault(recorded)) is not None:
        # All of them share the resource group of the first account.
        vault = shared.setdefault(own.name, own)
    return plan_for(recorded, tenant_id=finding.tenant_id, vault=vault, key=choice.key)


def _safe(name: str) -> str:
    return _UNSAFE.sub("-", name.lower())[:MAX_PLAN_NAME_CHARS].strip("-") or "account"
