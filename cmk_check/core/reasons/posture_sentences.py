"""Why a posture is what it is; the severity of its reasons decides it.

The sentences hold for every count; counts are the note that a status adds.
"""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import Actor, PostureReason, ReasonSeverity
from cmk_check.core.reasons.reason_entry import NOTHING_TO_DO, ReasonEntry

_ERROR: Final = ReasonSeverity.ERROR
_UNKNOWN: Final = ReasonSeverity.UNKNOWN
_SEE_FINDINGS: Final = "Do what each finding says."

POSTURE_REASONS: Final[Mapping[PostureReason, ReasonEntry]] = {
    PostureReason.ACCOUNTS_NON_COMPLIANT: ReasonEntry(
        _ERROR,
        "At least one account is not under a customer-managed key.",
        _SEE_FINDINGS,
        Actor.ACCOUNT_OWNER,
    ),
    PostureReason.ACCOUNTS_UNKNOWN: ReasonEntry(
        _UNKNOWN, "At least one account could not be judged.", _SEE_FINDINGS, Actor.OPERATOR
    ),
    PostureReason.KEYS_BROKEN: ReasonEntry(
        _ERROR,
        "At least one compliant account has a key that cannot be used.",
        _SEE_FINDINGS,
        Actor.KEY_OWNER,
    ),
    PostureReason.KEYS_UNKNOWN: ReasonEntry(
        _UNKNOWN,
        "At least one compliant account has a key of unknown health.",
        f"{_SEE_FINDINGS} The next scan reads the keys that were never read.",
        Actor.ACCESS_ADMIN,
    ),
    PostureReason.DATA_EXPOSED: ReasonEntry(
        _ERROR,
        "At least one account keeps data in a store that is under Microsoft's keys.",
        _SEE_FINDINGS,
        Actor.ACCOUNT_OWNER,
    ),
    PostureReason.DATA_UNKNOWN: ReasonEntry(
        _UNKNOWN,
        "Of at least one account it is not known whether all its data is under your own keys.",
        f"{_SEE_FINDINGS} The next scan reads the stores that were never read.",
        Actor.ACCOUNT_OWNER,
    ),
    PostureReason.SUBSCRIPTIONS_UNREAD: ReasonEntry(
        _UNKNOWN,
        "At least one subscription could not be read.",
        "Do what each gap says.",
        Actor.ACCESS_ADMIN,
    ),
    PostureReason.FEWER_SUBSCRIPTIONS_THAN_EXPECTED: ReasonEntry(
        _UNKNOWN,
        "The app's identity sees fewer subscriptions than expected.",
        "Assign the identity the role Reader on the others, or lower CMK_EXPECT_SUBSCRIPTIONS.",
        Actor.ACCESS_ADMIN,
    ),
    PostureReason.MANAGEMENT_GROUP_UNREAD: ReasonEntry(
        _UNKNOWN,
        "The management group could not be read, which names the subscriptions that the app's "
        "identity does not see.",
        "Grant the identity a role with the missing action on the group, or correct or remove "
        "CMK_MANAGEMENT_GROUP.",
        Actor.ACCESS_ADMIN,
    ),
    PostureReason.NO_SUBSCRIPTION_VISIBLE: ReasonEntry(
        _UNKNOWN,
        "The app's identity sees no subscription, or none in scope.",
        "Assign the identity the role Reader on the subscriptions or their management group, and "
        "check CMK_INCLUDE_SUBSCRIPTIONS and CMK_EXCLUDE_SUBSCRIPTIONS.",
        Actor.ACCESS_ADMIN,
    ),
    PostureReason.NO_SCAN_YET: ReasonEntry(
        _UNKNOWN,
        "No scan has succeeded yet.",
        "Wait for the schedule, or start a scan with POST /api/scan. If a scan has failed, its "
        "reason says why.",
        Actor.OPERATOR,
    ),
    PostureReason.STALE: ReasonEntry(
        _UNKNOWN,
        "The last finished scan is too old.",
        "Check that the schedule still starts scans and that they finish.",
        Actor.OPERATOR,
    ),
    PostureReason.CLOCK_SKEW: ReasonEntry(
        _UNKNOWN,
        "The last scan began in the future.",
        "Set the clock right, here or where the scan ran.",
        Actor.OPERATOR,
    ),
    PostureReason.SCAN_FAILED: ReasonEntry(
        _UNKNOWN,
        "The last scan failed.",
        "Do what the scan's reason says. The next scan tries again.",
        Actor.OPERATOR,
    ),
    PostureReason.RUNNING_SCAN_FOUND_WORSE: ReasonEntry(
        _UNKNOWN,
        "The running scan has found an account, key or subscription in a worse state than before.",
        "Wait until the scan ends.",
        Actor.NOBODY,
    ),
    PostureReason.SCOPE_CHANGED: ReasonEntry(
        _UNKNOWN,
        "The settings choose other kinds, subscriptions or rules of exceptions than those of the "
        "last scan.",
        "Wait for the next scan, or start one with POST /api/scan.",
        Actor.OPERATOR,
    ),
    PostureReason.ACCOUNTS_EXCEPTED: ReasonEntry(
        ReasonSeverity.INFO,
        "At least one account is not under a customer-managed key, and has an exception.",
        NOTHING_TO_DO,
        Actor.NOBODY,
    ),
    PostureReason.NO_ACCOUNTS_IN_SCOPE: ReasonEntry(
        ReasonSeverity.INFO,
        "There is no account of a kind in scope.",
        NOTHING_TO_DO,
        Actor.NOBODY,
    ),
    PostureReason.KINDS_EXCLUDED: ReasonEntry(
        ReasonSeverity.INFO,
        "At least one account of Azure OpenAI or Microsoft Foundry is not judged, because the "
        "settings leave out its kind.",
        "To judge such accounts, add their kind to CMK_KINDS.",
        Actor.OPERATOR,
    ),
    PostureReason.SUBSCRIPTIONS_EXCLUDED: ReasonEntry(
        ReasonSeverity.INFO,
        "The settings exclude at least one subscription, which is not read.",
        NOTHING_TO_DO,
        Actor.NOBODY,
    ),
}
