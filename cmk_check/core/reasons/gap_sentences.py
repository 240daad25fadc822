"""Build gaps for single cases, which say why all or part of a subscription was not read.

reasons.toml contains the texts. The program does not start if a case has no text in reasons.toml.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.catalogue import GAP_REASONS, TABLES, add_note
from cmk_check.limits import MAX_ARM_BODY_MIB

_CASES: Final[Mapping[str, Mapping[str, str]]] = TABLES["case"]


def make_gap(
    reason: GapReason,
    note: str | None = None,
    *,
    missing_action: str | None = None,
    message: str | None = None,
    way_out: str | None = None,
) -> Gap:
    """Build the gap for a reason, with the text from the reason catalogue as its detail.

    ``note`` is added to the message in brackets. ``message`` and ``way_out`` replace those texts of
    the catalogue that do not fit the case.
    """
    entry = GAP_REASONS[reason]
    what = add_note(message or entry.message, note)
    end = way_out or add_note(entry.way_out, missing_action)
    return Gap(reason, missing_action, f"{what} {end}")


def _case(words: Mapping[str, str], action: str | None = None, **values: object) -> Gap:
    """Build the gap for a case, and fill the placeholders in its text with the given values."""
    filled = {name: text.format(action=action, **values) for name, text in words.items()}
    reason, way_out = GapReason(filled["reason"]), filled.get("way_out")
    return make_gap(reason, missing_action=action, message=filled["message"], way_out=way_out)


type _OfAction = Callable[[str], Gap]

# By lower-cased Azure error code: the message (None for the reason's own message), and the way out.
OF_ERROR_CODES: Final[Mapping[str, tuple[str | None, str]]] = {
    code: (words.get("message"), words["way_out"])
    for words in TABLES["error_code"].values()
    for code in words["codes"]
}
SLICE_TIME_IS_UP: Final = _case(_CASES["slice_time_is_up"])
KEY_TIME_IS_UP: Final = _case(_CASES["key_time_is_up"])
EXEMPTION_TIME_IS_UP: Final = _case(_CASES["exemption_time_is_up"])
CHECK_TIME_IS_UP: Final = _case(_CASES["check_time_is_up"])
FIRST_RECORDING: Final = _case(_CASES["first_recording"])
NOT_RECORDED: Final = make_gap(GapReason.SLICE_FAILED, "the table rejected every attempt")
NOT_NAMED: Final = _case(_CASES["not_named"])
KEY_NOT_READ: Final = _case(_CASES["key_not_read"])
KNOWN_FROM_GROUP: Final = make_gap(
    GapReason.NOT_VISIBLE,
    "known from the management group",
    missing_action="Microsoft.Resources/subscriptions/read",
    way_out=GAP_REASONS[GapReason.NOT_VISIBLE].way_out,
)
EXEMPTION_NOT_READ: Final = _case(_CASES["exemption_not_read"])
BUG: Final = _case(_CASES["bug"])
NAMELESS_SUBSCRIPTION: Final = _case(_CASES["nameless_subscription"])
ANSWER_TOO_LARGE: Final = _case(_CASES["answer_too_large"], size=MAX_ARM_BODY_MIB)
SUBSCRIPTIONS_LEFT_OUT: Final = _case(_CASES["subscriptions_left_out"])
UNREADABLE_ROLE: Final = _case(_CASES["unreadable_role"])
ANOTHER_VAULT: Final = _case(_CASES["another_vault"])
UNUSABLE_KEY: Final = _case(_CASES["unusable_key"])
UNUSABLE_VAULT: Final = _case(_CASES["unusable_vault"])
vault_not_seen: _OfAction = partial(_case, _CASES["vault_not_seen"])
vault_hidden: _OfAction = partial(_case, _CASES["vault_hidden"])
assignment_denied: _OfAction = partial(_case, _CASES["assignment_denied"])
