"""What Azure's own built-in policy says of an account, by its published rule and without a request.

Source: policy 67121cc7-ff39-4ab8-b7e3-95b84dab487d, "Azure AI Services resources should encrypt
data at rest with a customer-managed key (CMK)", version 2.2.0, as read on 26 November 2026 in the
public repository Azure/azure-policy. With its default parameters it leaves out the kinds below, and
calls every other account non-compliant whose key source is not Microsoft.KeyVault. An assignment
may leave out other kinds, or switch the policy off: docs/azure-policy.md.
"""

from dataclasses import dataclass
from typing import Final

from cmk_check.core.account import Judgement
from cmk_check.core.enums import PolicyReason, PolicyState, Reason, Verdict
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
    """What the built-in policy says of one account, and how that compares with our verdict."""

    state: PolicyState
    reason: PolicyReason

    @property
    def differs(self) -> bool:
        """Whether the policy gives another answer than ours, or none."""
        return self.reason is not PolicyReason.SAME_AS_VERDICT


def policy_state(kind: str | None, key_source: str | None) -> PolicyState:
    """Apply the policy's rule; it compares texts in any case, and an absent one equals none."""
    if (kind or "").lower() in _LEFT_OUT:
        return PolicyState.NOT_ASSESSED
    is_key_vault = (key_source or "").lower() == KEY_VAULT
    return PolicyState.COMPLIANT if is_key_vault else PolicyState.NON_COMPLIANT


def policy_answer(kind: str | None, judgement: Judgement) -> PolicyAnswer | None:
    """Return what the policy says of an account; None if nobody knows the account's key source."""
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
