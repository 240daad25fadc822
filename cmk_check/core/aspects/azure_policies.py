"""The aspect Azure Policy: the result that Azure's built-in policy gives for an account by default.

The result follows from the account's kind and key source by the policy's published rule. It needs
no request and is never stored.

Source: policy 67121cc7-ff39-4ab8-b7e3-95b84dab487d, "Azure AI Services resources should encrypt
data at rest with a customer-managed key (CMK)", version 2.2.0, as of 29 April 2026 in the public
repository Azure/azure-policy. With its default parameters it leaves out the kinds below; any other
account is non-compliant if its key source is not Microsoft.KeyVault. An assignment may leave out
other kinds or switch the policy off: docs/azure-policy.md.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, override

from cmk_check.core.account import Judgement
from cmk_check.core.aspects.aspect import TOO_MANY, AnyAccount, Aspect, Judged
from cmk_check.core.enums import PolicyReason, PolicyState, Reason, Verdict
from cmk_check.core.model import AccountCounts, Finding, PolicyCounts
from cmk_check.core.rule import KEY_VAULT

POLICY_ID: Final = "67121cc7-ff39-4ab8-b7e3-95b84dab487d"
POLICY_VERSION: Final = "2.2.0"
# The default of the policy's parameter excludedKinds.
EXCLUDED_KINDS: Final = (
    *("CognitiveServices", "ContentSafety", "ImmersiveReader", "HealthInsights", "LUIS.Authoring"),
    *("LUIS", "QnAMaker", "QnAMaker.V2", "AIServices", "MetricsAdvisor", "SpeechTranslation"),
    *("Internal.AllInOne", "ConversationalLanguageUnderstanding", "knowledge"),
    *("TranscriptionIntelligence", "HealthDecisionSupport"),
)
_LEFT_OUT: Final = {kind.lower() for kind in EXCLUDED_KINDS}
_UNUSABLE: Final = {Reason.MALFORMED, Reason.ROW_TOO_NEW}


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """The built-in policy's result for one account, and how it compares with our verdict."""

    state: PolicyState
    reason: PolicyReason

    @property
    def differs(self) -> bool:
        """Whether the policy's result differs from our verdict or is missing."""
        return self.reason is not PolicyReason.SAME_AS_VERDICT


def policy_state(kind: str | None, key_source: str | None) -> PolicyState:
    """Apply the policy's rule; comparisons are case-insensitive."""
    if (kind or "").lower() in _LEFT_OUT:
        return PolicyState.NOT_ASSESSED
    is_key_vault = (key_source or "").lower() == KEY_VAULT
    return PolicyState.COMPLIANT if is_key_vault else PolicyState.NON_COMPLIANT


def policy_answer(kind: str | None, judgement: Judgement) -> PolicyAnswer | None:
    """Return the policy's result for an account; None if the account's key source is not known."""
    if judgement.reason in _UNUSABLE:
        return None
    state = policy_state(kind, judgement.evidence.key_source)
    if state is PolicyState.NOT_ASSESSED:
        return PolicyAnswer(state, PolicyReason.KIND_LEFT_OUT)
    if state.value == judgement.verdict.value:
        return PolicyAnswer(state, PolicyReason.SAME_AS_VERDICT)
    if judgement.verdict is Verdict.UNKNOWN:
        return PolicyAnswer(state, PolicyReason.KEY_SOURCE_NOT_KEY_VAULT)
    return PolicyAnswer(state, PolicyReason.KEY_NAME_NOT_CHECKED)


class AzurePolicyAspect(Aspect):
    """The policy's result; applies to every verdict."""

    name = "azurePolicy"

    @override
    def state(self, account: AnyAccount, now: datetime) -> str | None:
        answer = policy_answer(account.kind, account.judgement)
        return answer.state.value if answer else None

    @override
    def shown(self, account: AnyAccount) -> dict[str, object] | None:
        answer = policy_answer(account.kind, account.judgement)
        return {"azurePolicy": answer.state.value if answer else None}

    @override
    def kept(self, before: Finding, read: Judged) -> Judged:
        """Return the account as read: this aspect is not recorded."""
        return read

    @override
    def label(self, account: AnyAccount) -> Hashable | None:
        """Count only accounts whose result differs from our verdict or is missing."""
        answer = policy_answer(account.kind, account.judgement)
        return answer.state if answer and answer.differs else None

    @override
    def into(self, counts: AccountCounts, labels: Mapping[Hashable, int]) -> AccountCounts:
        left_out = labels.get(PolicyState.NOT_ASSESSED, 0)
        policy = PolicyCounts(not_assessed=left_out, differs=sum(labels.values()))
        return replace(counts, policy=policy if counts.by_kind else None)

    @override
    def merged(self, counts: AccountCounts, parts: Sequence[AccountCounts]) -> AccountCounts:
        """Add the counts; None if a part has no count, because the sum would be too small."""
        counted = [part.azure_policy for part in parts]
        known = [part for part in counted if part is not None]
        policy: PolicyCounts | None = None
        if counts.total and len(known) == len(counted):
            policy = PolicyCounts(
                not_assessed=sum(part.not_assessed for part in known),
                differs=sum(part.differs for part in known),
            )
        return replace(counts, policy=policy)

    @override
    def numbers(self, counts: AccountCounts) -> Iterable[int]:
        """Return separate counts: ``differs`` includes ``not_assessed``."""
        policy = counts.policy or PolicyCounts()
        return policy.not_assessed, policy.differs - policy.not_assessed

    @override
    def contradiction(self, counts: AccountCounts) -> str | None:
        """Report a ``not_assessed`` that is larger than ``differs``."""
        policy = counts.policy or PolicyCounts()
        is_larger = 0 <= policy.not_assessed > policy.differs
        return TOO_MANY if is_larger else super().contradiction(counts)

    @override
    def sums(self, counts: AccountCounts) -> dict[str, int] | None:
        """Return the counts, None if rows of an earlier version lack them."""
        policy = counts.azure_policy
        if policy is None:
            return None
        return {"notAssessed": policy.not_assessed, "differs": policy.differs}


AZURE_POLICY: Final = AzurePolicyAspect()
