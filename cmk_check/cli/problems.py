"""Collect the problems that a scan found, for SARIF and JUnit XML."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cmk_check.cli.entries import ESTATE, Entry, Problem
from cmk_check.cli.scan_result import ScanResult
from cmk_check.config.storage import InMemory
from cmk_check.core.enums import (
    CoverageState,
    ExceptionMode,
    KeyState,
    PostureReason,
    ReasonSeverity,
    Verdict,
)
from cmk_check.core.posture import Expectations, is_fresh
from cmk_check.core.reasons import catalogue
from cmk_check.core.reasons.command_line import address_person
from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.core.text import write_time
from cmk_check.web import aspect_models, models


@dataclass(frozen=True, slots=True)
class Collected:
    """All accounts, all subscriptions with a gap, and the problems of the scan itself.

    ``read`` are the ids of the subscriptions that were read. ``notes`` are other remarks of the
    status, such as kinds that the settings leave out.

    An account without problems is compliant and its key healthy, as far as it was read. ``old``
    says by account id why a result is only the last known result. ``accepts``: the settings let
    honoured exceptions accept a violation. ``has_history``: the store contains earlier scans.
    """

    status: models.Status
    accounts: Sequence[tuple[models.Finding, Sequence[Problem]]]
    gaps: Sequence[tuple[models.Subscription, Problem]]
    read: Collection[str]
    of_scan: Sequence[Problem]
    notes: Sequence[Problem]
    old: Mapping[str, Problem]
    accepts: bool
    has_history: bool

    def entries(self) -> list[Entry]:
        """Return the scan itself, each subscription with a gap, and each account."""
        test = ("cmk_check", "scan", "the scan")
        entries = [Entry(ESTATE, "subscriptions", self.of_scan, test, notes=self.notes)]
        for subscription, problem in self.gaps:
            number = subscription.subscription_id
            name = subscription.name or number
            test = (number, "subscription", f"subscription {name} ({number})")
            entries.append(Entry(f"{ESTATE}/{number}", name, [problem], test))
        for finding, problems in self.accounts:
            owner = finding.subscription_name or finding.subscription_id
            what = f"{finding.id} in subscription {owner}"
            test = (finding.subscription_id, f"{finding.resource_group}/{finding.name}", what)
            facts = _details(finding) if problems else {}
            old = self.old.get(finding.id)
            entries.append(Entry(finding.id, finding.name, problems, test, details=facts, old=old))
        return entries


def _details(finding: models.Finding) -> Mapping[str, object]:
    """Return the details of an account that code scanning shows next to its problem."""
    created = finding.evidence.created_at
    return {
        "hostedViewerUri": finding.portal_url,
        "properties": {
            "subscription": finding.subscription_name,
            "resourceGroup": finding.resource_group,
            "kind": finding.kind,
            "location": finding.location,
            "createdAt": created and write_time(created),
            "accountTags": finding.tags,
        },
    }


async def collect(result: ScanResult, status: models.Status) -> Collected:
    """Read the whole result; raise StoreError."""
    expect = result.context.options.expectations
    accepts = expect.exceptions is ExceptionMode.ACCEPT
    accounts = [
        (finding, list_problems(finding, expect, accepts=accepts))
        async for page in result.pages()
        for finding in page
    ]
    subscriptions = await result.subscriptions()
    read = {it.subscription_id for it in subscriptions if it.coverage is CoverageState.READ}
    gaps = [(it, _of_gap(it.gap)) for it in subscriptions if it.gap is not None]
    in_part = find_partly_listed(status, accounts, len(gaps), accepts=accepts)
    now = result.context.clock.now()
    dated = ((finding.id, _of_age(finding, now, expect.max_age)) for finding, _ in accounts)
    old = {account: problem for account, problem in dated if problem is not None}
    # The reasons of the posture, except reasons whose cases are all listed.
    problems = [
        Problem(reason.code, catalogue.POSTURE_REASONS[reason.code].severity, reason.message)
        for reason in status.reasons
        if in_part.get(reason.code, True)
    ]
    if result.failure is not None:
        # The other reasons concern the previous scan, or repeat this scan's reasons.
        problems = [Problem(PostureReason.SCAN_FAILED, ReasonSeverity.UNKNOWN, result.failure)]
    notes = [each for each in problems if each.severity is ReasonSeverity.INFO]
    of_scan = [each for each in problems if each.severity is not ReasonSeverity.INFO]
    # In memory, this scan is the first to see everything.
    has_history = not isinstance(result.settings.storage, InMemory)
    return Collected(status, accounts, gaps, read, of_scan, notes, old, accepts, has_history)


def _of_age(finding: models.Finding, now: datetime, max_age: timedelta) -> Problem | None:
    """Return why a result is not current, or None if it is current."""
    as_of = finding.as_of
    if finding.coverage is not CoverageState.READ or as_of is None:
        code = PostureReason.SUBSCRIPTIONS_UNREAD
    elif not is_fresh(as_of, now, max_age):
        code = PostureReason.STALE
    else:
        return None
    dated = f"as of {write_time(as_of)}" if as_of else "of unknown age"
    message = f"The account was not read again: {finding.verdict} is the last known verdict, "
    return Problem(code, catalogue.POSTURE_REASONS[code].severity, f"{message}{dated}.")


def list_problems(finding: models.Finding, expect: Expectations, *, accepts: bool) -> list[Problem]:
    """Return the problems of an account; ``accepts`` as in ``Collected``."""
    problems = []
    if finding.verdict is not Verdict.COMPLIANT:
        severity = catalogue.VERDICT_REASONS[finding.reason].severity
        accepted = find_acceptance(finding.exception) if accepts else None
        problems.append(Problem(finding.reason, severity, finding.message, accepted))
    for reason in finding.key_health.reasons if finding.key_health else ():
        severity = catalogue.KEY_REASONS[reason.code].severity
        # If key health is required, a question left open makes the posture unknown.
        if severity is ReasonSeverity.UNKNOWN and HEALTHY_KEYS not in expect.requires:
            severity = ReasonSeverity.WARNING
        problems.append(Problem(reason.code, severity, reason.message))
    return problems


def find_acceptance(exception: aspect_models.AccountException | None) -> str | None:
    """Return a sentence about what accepts a violation, without texts that may name people."""
    if exception is None or not exception.honoured or exception.expires_on is None:
        return None
    category = f", {exception.category}," if exception.category else ""
    until = write_time(exception.expires_on)
    return f"The exemption {exception.id}{category} accepts the violation until {until}."


def _of_gap(gap: models.GapOfSubscription) -> Problem:
    entry = catalogue.GAP_REASONS[gap.reason]
    text = gap.detail or address_person(entry.text(gap.missing_action))
    return Problem(gap.reason, entry.severity, text)


def find_partly_listed(
    status: models.Status,
    accounts: Sequence[tuple[models.Finding, Sequence[Problem]]],
    gaps: int,
    *,
    accepts: bool,
) -> Mapping[PostureReason, bool]:
    """Return whether a posture reason counts more than the listed, unaccepted problems."""
    counts, keys = status.accounts, status.keys
    findings = [it for it, problems in accounts if not any(each.accepted for each in problems)]
    states = Counter(finding.key_health.state for finding in findings if finding.key_health)
    verdicts = Counter(finding.verdict for finding in findings)
    violated = counts.non_compliant - (counts.excepted if accepts else 0)
    return {
        PostureReason.ACCOUNTS_NON_COMPLIANT: violated > verdicts[Verdict.NON_COMPLIANT],
        PostureReason.ACCOUNTS_UNKNOWN: counts.unknown > verdicts[Verdict.UNKNOWN],
        PostureReason.SUBSCRIPTIONS_UNREAD: status.subscriptions.gap > gaps,
        PostureReason.KEYS_BROKEN: bool(keys and keys.broken > states[KeyState.BROKEN]),
        PostureReason.KEYS_UNKNOWN: bool(keys and keys.unknown > states[KeyState.UNKNOWN]),
    }
