"""Results about the whole estate, for the report."""

from collections.abc import Iterator
from typing import Final

from cmk_check.core.enums import CoverageState, PostureVerdict, Verdict
from cmk_check.core.reasons.gap_sentences import FIRST_RECORDING
from cmk_check.evidence.download import Evidence
from cmk_check.web import aspect_models, models

_PENDING: Final = models.GapOfSubscription.model_validate(FIRST_RECORDING)


def gaps(
    evidence: Evidence,
) -> Iterator[tuple[models.Subscription, models.GapOfSubscription]]:
    """Yield each subscription that should have been read but was not, with its gap."""
    for subscription in evidence.subscriptions():
        is_pending = subscription.coverage is CoverageState.PENDING
        if gap := _PENDING if is_pending else subscription.gap:
            yield subscription, gap


def accepted_by(finding: models.Finding) -> aspect_models.AccountException | None:
    """Return the exemption that temporarily accepts a violation, None without one."""
    exception = finding.exception
    is_accepted = finding.verdict is Verdict.NON_COMPLIANT and exception and exception.honoured
    return exception if is_accepted else None


def is_satisfied(evidence: Evidence) -> bool:
    """Return whether the controls are satisfied.

    That requires that both the posture and all findings are compliant, and that there is no gap.
    """
    return (
        evidence.status.posture is PostureVerdict.COMPLIANT
        and not evidence.doubtful
        and all(finding.verdict is Verdict.COMPLIANT for finding in evidence.findings())
        and next(gaps(evidence), None) is None
    )
