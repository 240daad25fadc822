"""How Azure's built-in policy and this rule compare; neither changes the other."""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import Actor, PolicyReason, ReasonSeverity
from cmk_check.core.reasons.reason_entry import NOTHING_TO_DO, ReasonEntry


def _entry(message: str) -> ReasonEntry:
    return ReasonEntry(ReasonSeverity.INFO, message, NOTHING_TO_DO, Actor.NOBODY)


POLICY_REASONS: Final[Mapping[PolicyReason, ReasonEntry]] = {
    PolicyReason.SAME_AS_VERDICT: _entry("The built-in policy says the same of the account."),
    PolicyReason.KIND_LEFT_OUT: _entry(
        "The built-in policy does not assess accounts of this kind, unless its parameter "
        "excludedKinds is changed."
    ),
    PolicyReason.KEY_NAME_NOT_CHECKED: _entry(
        "The built-in policy looks at the key source alone. The account names no key, which the "
        "policy does not check."
    ),
    PolicyReason.KEY_SOURCE_NOT_KEY_VAULT: _entry(
        "The built-in policy calls every key source but Key Vault non-compliant. This rule does "
        "not know the account's key source."
    ),
}
