"""What the files of a bundle say of the estate as a whole."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from cmk_check.cli.evidence.download import Evidence
from cmk_check.core.enums import KeyState, PostureReason, PostureVerdict, Verdict
from cmk_check.web import models


def is_excepted(finding: models.Finding) -> bool:
    """Tell a violation that an exemption accepts for a time."""
    exception = finding.exception
    violated = finding.verdict is Verdict.NON_COMPLIANT
    return violated and exception is not None and exception.honoured


def has_broken_key(finding: models.Finding) -> bool:
    """Tell an account whose key cannot be used."""
    return finding.key_health is not None and finding.key_health.state is KeyState.BROKEN


def risk_of(finding: models.Finding) -> PostureReason | None:
    """Return the reason of the posture that a finding stands for, None for one without fault."""
    if finding.verdict is Verdict.UNKNOWN:
        return PostureReason.ACCOUNTS_UNKNOWN
    if finding.verdict is Verdict.NON_COMPLIANT:
        excepted = PostureReason.ACCOUNTS_EXCEPTED
        return excepted if is_excepted(finding) else PostureReason.ACCOUNTS_NON_COMPLIANT
    return PostureReason.KEYS_BROKEN if has_broken_key(finding) else None


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of findings and gaps by the reason that they stand for, and the answer to a control.

    ``is_satisfied`` is True only if the posture is compliant and the findings say so, too.
    """

    accounts: int
    by_risk: Counter[PostureReason] = field(default_factory=Counter)
    is_satisfied: bool = False

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """Count, in one pass over the lists."""
        accounts, by_risk = 0, Counter[PostureReason]()
        for finding in evidence.findings():
            accounts += 1
            if risk := risk_of(finding):
                by_risk[risk] += 1
        gaps = sum(each.gap is not None for each in evidence.subscriptions())
        if gaps:
            by_risk[PostureReason.SUBSCRIPTIONS_UNREAD] = gaps
        is_satisfied = (
            evidence.status.posture is PostureVerdict.COMPLIANT
            and not evidence.doubtful
            and not by_risk.keys() - {PostureReason.KEYS_BROKEN}
        )
        return cls(accounts, by_risk, is_satisfied)
