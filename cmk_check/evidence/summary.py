"""Totals of the estate for the files of a bundle."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from cmk_check.core.enums import (
    CoverageState,
    PostureReason,
    PostureVerdict,
    ReasonSeverity,
    Verdict,
)
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.reasons.gap_sentences import FIRST_RECORDING
from cmk_check.core.requirements import AGAINST
from cmk_check.evidence.download import Evidence
from cmk_check.web import aspect_models, models

# A setting of the app decides whether these count for the posture.
_BESIDE_VERDICTS: Final = {code for _, _, code in AGAINST}
_OF_VERDICTS: Final = {
    Verdict.UNKNOWN: PostureReason.ACCOUNTS_UNKNOWN,
    Verdict.NON_COMPLIANT: PostureReason.ACCOUNTS_NON_COMPLIANT,
}
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


def risks_of(finding: models.Finding) -> tuple[PostureReason, ...]:
    """Return the reasons of the posture that a finding causes; none for a finding without fault."""
    of_verdict = _OF_VERDICTS.get(finding.verdict)
    risk = PostureReason.ACCOUNTS_EXCEPTED if accepted_by(finding) else of_verdict
    risks = [risk] if risk else []
    for aspect, state, code in AGAINST:
        side = finding.sides[aspect.name] if finding.verdict in aspect.verdicts else None
        is_error = POSTURE_REASONS[code].severity is ReasonSeverity.ERROR
        if side is not None and side.state == state and is_error:
            risks.append(code)
    return tuple(risks)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of findings and gaps by the reason that they cause, and the result for a control.

    ``is_satisfied`` is True only if both the posture and the findings are compliant.
    """

    accounts: int
    by_risk: Counter[PostureReason]
    is_satisfied: bool

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """Count in one pass over the lists."""
        accounts, by_risk = 0, Counter[PostureReason]()
        for finding in evidence.findings():
            accounts += 1
            by_risk.update(risks_of(finding))
        if unread := sum(1 for _ in gaps(evidence)):
            by_risk[PostureReason.SUBSCRIPTIONS_UNREAD] = unread
        is_satisfied = (
            evidence.status.posture is PostureVerdict.COMPLIANT
            and not evidence.doubtful
            and not by_risk.keys() - _BESIDE_VERDICTS
        )
        return cls(accounts, by_risk, is_satisfied)
