"""Why an account got its verdict; the severity of a reason decides the verdict."""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import Actor, Reason, ReasonSeverity
from cmk_check.core.reasons.reason_entry import NOTHING_TO_DO, ReasonEntry

_SET_A_KEY: Final = "Set a customer-managed key on the account's Encryption page."

VERDICT_REASONS: Final[Mapping[Reason, ReasonEntry]] = {
    Reason.CUSTOMER_MANAGED_KEY: ReasonEntry(
        ReasonSeverity.INFO,
        "The account names a customer-managed key.",
        NOTHING_TO_DO,
        Actor.NOBODY,
    ),
    Reason.NEVER_CONFIGURED: ReasonEntry(
        ReasonSeverity.ERROR,
        "Encryption was never configured, so the account uses Microsoft's keys.",
        _SET_A_KEY,
        Actor.ACCOUNT_OWNER,
    ),
    Reason.MICROSOFT_MANAGED_KEY: ReasonEntry(
        ReasonSeverity.ERROR,
        "The account is set to Microsoft's keys.",
        _SET_A_KEY,
        Actor.ACCOUNT_OWNER,
    ),
    Reason.KEY_NOT_NAMED: ReasonEntry(
        ReasonSeverity.ERROR,
        "The account is set to Key Vault, but names no key.",
        _SET_A_KEY,
        Actor.ACCOUNT_OWNER,
    ),
    Reason.UNRECOGNISED_KEY_SOURCE: ReasonEntry(
        ReasonSeverity.UNKNOWN,
        "The account's key source is missing, or this rule does not know it.",
        "Set the key source again on the account's Encryption page. If Azure has a new key source, "
        "update cmk_check.",
        Actor.ACCOUNT_OWNER,
    ),
    Reason.MALFORMED: ReasonEntry(
        ReasonSeverity.UNKNOWN,
        "Azure's answer for the account does not have the documented shape.",
        "Look at the account with `az cognitiveservices account show`. If Azure changed the shape, "
        "update cmk_check.",
        Actor.OPERATOR,
    ),
    Reason.ROW_TOO_NEW: ReasonEntry(
        ReasonSeverity.UNKNOWN,
        "A newer version of cmk_check recorded this account.",
        "Deploy that version again.",
        Actor.OPERATOR,
    ),
}
