"""What a scan found against an estate, for the formats of pipelines: SARIF and JUnit XML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cmk_check.core.enums import KeyState, PostureReason, ReasonSeverity, Verdict
from cmk_check.core.reasons.gap_sentences import GAP_REASONS
from cmk_check.core.reasons.key_sentences import KEY_REASONS
from cmk_check.core.reasons.posture_sentences import POSTURE_REASONS
from cmk_check.core.reasons.verdict_sentences import VERDICT_REASONS

if TYPE_CHECKING:
    from cmk_check.cli.scan_result import ScanResult
    from cmk_check.web import models


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason of the catalogue, in the words of one case."""

    code: str
    severity: ReasonSeverity
    message: str


@dataclass(frozen=True, slots=True)
class Collected:
    """All accounts and all subscriptions with a gap, and what is wrong with the scan itself.

    An account whose list is empty is compliant, and its key is well.
    """

    accounts: Sequence[tuple["models.Finding", Sequence[Problem]]]
    gaps: Sequence[tuple["models.Subscription", Problem]]
    of_scan: Sequence[Problem]


async def collect(answer: "ScanResult", status: "models.Status") -> Collected:
    """Read the whole result.

    Raises:
        StoreError

    """
    keys_count = answer.context.options.expectations.require_healthy_keys
    accounts = [
        (finding, _of_account(finding, keys_count=keys_count))
        async for page in answer.pages()
        for finding in page
    ]
    gaps = [
        (subscription, _of_gap(subscription.gap))
        async for subscription in answer.gaps()
        if subscription.gap is not None
    ]
    listed = _listed([finding for finding, _ in accounts], len(gaps))
    return Collected(accounts, gaps, _of_scan(status, listed, answer.failure))


def _of_account(finding: "models.Finding", *, keys_count: bool) -> list[Problem]:
    problems = []
    if finding.verdict is not Verdict.COMPLIANT:
        severity = VERDICT_REASONS[finding.reason].severity
        problems.append(Problem(finding.reason, severity, finding.message))
    for reason in finding.key_health.reasons if finding.key_health else ():
        severity = KEY_REASONS[reason.code].severity
        if severity is ReasonSeverity.UNKNOWN and not keys_count:
            severity = ReasonSeverity.WARNING  # as it does not count for the posture
        problems.append(Problem(reason.code, severity, reason.message))
    return problems


def _of_gap(gap: "models.GapOfSubscription") -> Problem:
    entry = GAP_REASONS[gap.reason]
    return Problem(gap.reason, entry.severity, gap.detail or entry.text(gap.missing_action))


def _of_scan(
    status: "models.Status", listed: Mapping[PostureReason, int], failure: str | None
) -> list[Problem]:
    """Return the reasons of the posture, except those whose every case is listed."""
    if failure is not None:
        # The others are about the scan before, or say the same.
        return [Problem(PostureReason.SCAN_FAILED, ReasonSeverity.UNKNOWN, failure)]
    counted = _counted(status)
    return [
        Problem(reason.code, severity, reason.message)
        for reason in status.reasons
        if (severity := POSTURE_REASONS[reason.code].severity) is not ReasonSeverity.INFO
        and counted.get(reason.code, 1) > listed.get(reason.code, 0)
    ]


def _counted(status: "models.Status") -> Mapping[PostureReason, int]:
    """Return how many accounts or subscriptions a reason of the posture stands for."""
    keys = status.keys
    return {
        PostureReason.ACCOUNTS_NON_COMPLIANT: status.accounts.non_compliant,
        PostureReason.ACCOUNTS_UNKNOWN: status.accounts.unknown,
        PostureReason.KEYS_BROKEN: keys.broken if keys else 0,
        PostureReason.KEYS_UNKNOWN: keys.unknown if keys else 0,
        PostureReason.SUBSCRIPTIONS_UNREAD: status.subscriptions.gap,
    }


def _listed(findings: Sequence["models.Finding"], gaps: int) -> Mapping[PostureReason, int]:
    """Return how many of them are listed."""
    states = [finding.key_health.state for finding in findings if finding.key_health]
    verdicts = [finding.verdict for finding in findings]
    return {
        PostureReason.ACCOUNTS_NON_COMPLIANT: verdicts.count(Verdict.NON_COMPLIANT),
        PostureReason.ACCOUNTS_UNKNOWN: verdicts.count(Verdict.UNKNOWN),
        PostureReason.KEYS_BROKEN: states.count(KeyState.BROKEN),
        PostureReason.KEYS_UNKNOWN: states.count(KeyState.UNKNOWN),
        PostureReason.SUBSCRIPTIONS_UNREAD: gaps,
    }
