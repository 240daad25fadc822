"""Gaps with wording for single cases: why a subscription, or a part of it, could not be read."""

from collections.abc import Mapping
from typing import Final

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.catalogue import GAP_REASONS, with_note
from cmk_check.limits import MAX_ARM_BODY_MIB

_AGAIN: Final = "The next scan tries again. If this stays,"
_SUPPORT: Final = "open a support request with Azure"


def make_gap(
    reason: GapReason,
    note: str | None = None,
    *,
    missing_action: str | None = None,
    message: str | None = None,
    way_out: str | None = None,
) -> Gap:
    """Build the gap for a reason; its detail has the catalogue's words.

    ``note`` is added to the message in brackets. ``message`` and ``way_out`` replace the words of
    the catalogue if those do not fit the case.
    """
    entry = GAP_REASONS[reason]
    what = with_note(message or entry.message, note)
    end = way_out or with_note(entry.way_out, missing_action)
    return Gap(reason, missing_action, f"{what} {end}")


# By lower-cased Azure error code: what happened (None: the reason's own message), and what ends it.
# No role helps against a deny assignment or a vault's own settings.
_VAULT_RULE: Final = (
    "The vault's own settings refuse it: ask the vault's owner to let the app's identity read it."
)
_DENIED: Final = (
    "No role helps against a deny assignment: exclude the app's identity from it, or remove it "
    "where it is managed (Access control, Deny assignments)."
)
OF_ERROR_CODES: Final[Mapping[str, tuple[str | None, str]]] = {
    "forbiddenbyconnection": (None, _VAULT_RULE),
    "forbiddenbyfirewall": (None, _VAULT_RULE),
    "forbiddenbynsp": (None, _VAULT_RULE),
    "forbiddenbypolicy": (None, _VAULT_RULE),
    "denyassignmentauthorizationfailed": (None, _DENIED),
    "parentresourcenotfound": (
        "Azure does not find the parent of the resource: it was deleted or moved.",
        f"{_AGAIN} recover the parent, or let the account use another resource.",
    ),
    "objectisdeletedbutrecoverable": (
        "The key is soft-deleted.",
        "Recover it in its vault, or set another key on the account.",
    ),
}


def _time_is_up(whose: str) -> Gap:
    return make_gap(
        GapReason.TIMEOUT,
        message=f"The time {whose} ran out.",
        way_out="Raise CMK_MAX_IN_FLIGHT.",
    )


SLICE_TIME_IS_UP: Final = _time_is_up("of the subscription's slice")
KEY_TIME_IS_UP: Final = _time_is_up("for reading the keys of the slice")
EXEMPTION_TIME_IS_UP: Final = _time_is_up("for reading the exemptions of the slice")
CHECK_TIME_IS_UP: Final = make_gap(
    GapReason.TIMEOUT,
    message="The time of this check ran out before they were read.",
    way_out="A scan has more time, and shows what it could not read.",
)
FIRST_RECORDING: Final = make_gap(
    GapReason.SLICE_FAILED,
    message="The first recording of the subscription has not ended.",
    way_out="The next scan completes it.",
)
NOT_RECORDED: Final = make_gap(GapReason.SLICE_FAILED, "the table did not accept it in any attempt")
NOT_NAMED: Final = make_gap(
    GapReason.SLICE_FAILED,
    message="The last scan failed to record more subscriptions than it can name, and this may be "
    "one of them.",
)
KEY_NOT_READ: Final = make_gap(GapReason.SLICE_FAILED, message="The key was not read.")
KNOWN_FROM_GROUP: Final = make_gap(
    GapReason.NOT_VISIBLE,
    "known from the management group",
    missing_action="Microsoft.Resources/subscriptions/read",
    way_out=GAP_REASONS[GapReason.NOT_VISIBLE].way_out,
)
EXEMPTION_NOT_READ: Final = make_gap(
    GapReason.SLICE_FAILED, message="The exemptions were not read."
)
BUG: Final = make_gap(
    GapReason.UNEXPECTED_RESPONSE,
    message="A bug in cmk_check, or a package of another version than requirements.txt names; the "
    "log has the details.",
    way_out="Install the latest version of cmk_check again. If this stays, report the log's "
    "traceback.",
)
NAMELESS_SUBSCRIPTION: Final = make_gap(
    GapReason.MALFORMED_PAGE,
    message="Azure listed a subscription without a usable id.",
    way_out=f"{_AGAIN} {_SUPPORT}.",
)
ANSWER_TOO_LARGE: Final = make_gap(
    GapReason.MALFORMED_PAGE,
    message=f"Azure's answer is larger than {MAX_ARM_BODY_MIB} MiB.",
)
SUBSCRIPTIONS_LEFT_OUT: Final = make_gap(
    GapReason.UNEXPECTED_RESPONSE,
    message="Azure Resource Graph searched only the first 10,000 subscriptions for changes.",
    way_out="Limit the identity's role to 10,000 subscriptions, or switch off the watch: full "
    "scans find all changes.",
)
UNREADABLE_ROLE: Final = make_gap(
    GapReason.MALFORMED_PAGE,
    message="A role assignment or its role could not be understood, and no other assignment lets "
    "the account's identity use the key.",
    way_out="Assign the identity the role Key Vault Crypto User on the key or its vault.",
)
ANOTHER_VAULT: Final = make_gap(
    GapReason.UNEXPECTED_RESPONSE,
    message="The address of the vault with this name differs from the one that the account names.",
    way_out=f"Set the key again on the account. If that does not help, {_SUPPORT}.",
)


def vault_not_seen(action: str) -> Gap:
    """Return the gap for a vault that is not visible and never was.

    Azure hides resources that may not be read, so a deleted vault looks the same.
    """
    return make_gap(
        GapReason.FORBIDDEN,
        missing_action=action,
        message="No key vault of this name is visible: it was deleted, or it is in a subscription "
        "that the app's identity may not read (a new vault shows up within minutes).",
        way_out="Grant the identity Reader on the vault's subscription, or set a key of another "
        "vault on the account.",
    )


def vault_hidden(action: str) -> Gap:
    """Return the gap for a vault in a subscription that Azure does not find."""
    return make_gap(
        GapReason.NOT_FOUND,
        missing_action=action,
        message="Azure does not find the vault's subscription: it was deleted, it moved to another "
        "tenant, or the app's identity lost its access.",
        way_out="Grant the identity Reader on the subscription, or set a key of another vault on "
        "the account.",
    )


def assignment_denied(action: str) -> Gap:
    """Return the gap for an assignment or initiative at a management group that may not be read."""
    return make_gap(
        GapReason.FORBIDDEN,
        missing_action=action,
        message="Azure denied access to an assignment or initiative at a management group.",
        way_out=f"Grant the app's identity a role with {action} at that management group: a role "
        "on the subscription does not reach it.",
    )


def unusable_key(what: str) -> Gap:
    """Return the gap for an account whose key cannot be requested; ``what`` is what is wrong."""
    return make_gap(
        GapReason.UNEXPECTED_RESPONSE,
        message=f"{what}, so its key cannot be read.",
        way_out="Set the key again on the account.",
    )
