"""Whether the exception of a non-compliant account is honoured, or why not."""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import Actor, ExceptionReason, ReasonSeverity
from cmk_check.core.reasons.reason_entry import NOTHING_TO_DO, ReasonEntry

_INFO: Final = ReasonSeverity.INFO
_UNKNOWN: Final = ReasonSeverity.UNKNOWN

EXCEPTION_REASONS: Final[Mapping[ExceptionReason, ReasonEntry]] = {
    ExceptionReason.HONOURED: ReasonEntry(
        _INFO,
        "An exemption accepts the violation until its expiry.",
        NOTHING_TO_DO,
        Actor.NOBODY,
    ),
    ExceptionReason.EXPIRED: ReasonEntry(
        _INFO,
        "The exemption has expired.",
        "Set a customer-managed key, or renew the exemption in Azure Policy.",
        Actor.ACCOUNT_OWNER,
    ),
    ExceptionReason.NO_EXPIRY: ReasonEntry(
        _INFO,
        "The exemption has no expiry.",
        "Set an expiry in Azure Policy.",
        Actor.ACCOUNT_OWNER,
    ),
    ExceptionReason.EXPIRES_TOO_LATE: ReasonEntry(
        _INFO,
        "The exemption expires later than CMK_EXCEPTION_MAX_DAYS allows.",
        "Set an earlier expiry in Azure Policy.",
        Actor.ACCOUNT_OWNER,
    ),
    ExceptionReason.ASSIGNMENT_NOT_TRUSTED: ReasonEntry(
        _INFO,
        "The policy is not assigned at a management group, so whoever owns the subscription can "
        "exempt it.",
        "Exempt from an assignment at a management group, or add the assignment's id to "
        "CMK_EXCEPTION_ASSIGNMENTS.",
        Actor.OPERATOR,
    ),
    ExceptionReason.SCOPE_NOT_VALIDATED: ReasonEntry(
        _INFO,
        "The exemption switches off Azure's check that the assignment reaches what it exempts.",
        "Create the exemption again with assignmentScopeValidation Default.",
        Actor.ACCOUNT_OWNER,
    ),
    ExceptionReason.NOT_SCOPES_UNCLEAR: ReasonEntry(
        _INFO,
        "The assignment leaves out a management group, and cmk_check does not know whether the "
        "account is in it.",
        "Exempt from an assignment that leaves out no management group.",
        Actor.ACCOUNT_OWNER,
    ),
    ExceptionReason.SELECTORS_UNCLEAR: ReasonEntry(
        _INFO,
        "The exemption or its assignment has resource selectors that cmk_check does not know.",
        "Use selectors of the kinds resourceLocation and resourceType alone, or none.",
        Actor.ACCOUNT_OWNER,
    ),
    ExceptionReason.MALFORMED_EXEMPTION: ReasonEntry(
        _UNKNOWN,
        "The exemption, its assignment or its initiative does not have the documented shape.",
        "Look at the exemption with `az policy exemption show`. If Azure changed the shape, update "
        "cmk_check.",
        Actor.OPERATOR,
    ),
    ExceptionReason.EXEMPTION_UNREAD: ReasonEntry(
        _UNKNOWN,
        "It could not be read whether an exemption accepts the violation.",
        "Grant the app's identity the missing action, or set CMK_EXCEPTIONS=off.",
        Actor.ACCESS_ADMIN,
    ),
}
