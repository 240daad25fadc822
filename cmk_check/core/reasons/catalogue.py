"""The whole catalogue, area by area."""

from collections.abc import Collection, Mapping
from typing import Final

from cmk_check.core.data_enums import DataReason
from cmk_check.core.enums import (
    ExceptionReason,
    GapReason,
    KeyReason,
    PolicyReason,
    PostureReason,
    Reason,
    ReasonArea,
)
from cmk_check.core.reasons.azure_policy_sentences import POLICY_REASONS
from cmk_check.core.reasons.data_sentences import DATA_REASONS
from cmk_check.core.reasons.exception_sentences import EXCEPTION_REASONS
from cmk_check.core.reasons.gap_sentences import GAP_REASONS
from cmk_check.core.reasons.key_sentences import KEY_REASONS
from cmk_check.core.reasons.posture_sentences import POSTURE_REASONS
from cmk_check.core.reasons.reason_entry import ReasonEntry
from cmk_check.core.reasons.verdict_sentences import VERDICT_REASONS

type ReasonCode = (
    Reason | GapReason | KeyReason | ExceptionReason | DataReason | PostureReason | PolicyReason
)

CATALOGUE: Final[Mapping[ReasonArea, Collection[tuple[ReasonCode, ReasonEntry]]]] = {
    ReasonArea.VERDICT: VERDICT_REASONS.items(),
    ReasonArea.GAP: GAP_REASONS.items(),
    ReasonArea.KEY: KEY_REASONS.items(),
    ReasonArea.EXCEPTION: EXCEPTION_REASONS.items(),
    ReasonArea.DATA: DATA_REASONS.items(),
    ReasonArea.POSTURE: POSTURE_REASONS.items(),
    ReasonArea.AZURE_POLICY: POLICY_REASONS.items(),
}
