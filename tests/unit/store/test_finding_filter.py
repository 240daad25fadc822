"""Which findings a filter admits, and which of its conditions the table service checks."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.enums import ExceptionReason, ExceptionState, KeyState, Reason, Verdict
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.model import Finding
from cmk_check.core.owner import Owner
from cmk_check.store.codec import encode_finding
from cmk_check.store.finding_filter import FindingFilter
from tests.fakes.keys import DISABLED
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import ID, NOON, known_of, only_finding

ACCEPTED: Final = AccountException(
    ExceptionReason.HONOURED, "e1", expires_on=NOON + timedelta(days=1)
)
BAD: Final = replace(only_finding(known_of(bad(ID))), owner=Owner())
FINDINGS: Final[dict[str, Finding]] = {
    "bad": BAD,
    "accepted": replace(BAD, exception=ACCEPTED, owner=Owner("ml", "account")),
    "expired": replace(
        BAD,
        exception=replace(ACCEPTED, reason=ExceptionReason.EXPIRED),
        owner=Owner("ml\n", "account"),
    ),
    "foundry": only_finding(known_of(replace(bad(ID), kind="AIServices"))),
    "broken": only_finding(known_of(good(ID), keys=DISABLED)),
    "odd": only_finding(known_of(odd(ID))),
}
HONOURED, NOT_HONOURED, NONE = ExceptionState
LATER: Final = NOON + timedelta(days=2)


@pytest.mark.parametrize(
    ("where", "admitted", "checked"),
    [
        (FindingFilter(), set(FINDINGS), {}),
        (FindingFilter(Verdict.COMPLIANT), {"broken"}, {"verdict": "compliant"}),
        (FindingFilter(Verdict.UNKNOWN), {"odd"}, {}),
        (
            FindingFilter(reason=BAD.judgement.reason),
            {"bad", "accepted", "expired", "foundry"},
            {"reason": str(BAD.judgement.reason)},
        ),
        (FindingFilter(reason=Reason.MALFORMED), {"odd"}, {}),
        (FindingFilter(states={"keyHealth": KeyState.BROKEN}), {"broken"}, {"keyHealth": "broken"}),
        (FindingFilter(states={"keyHealth": KeyState.UNKNOWN}), set(), {}),
        (
            FindingFilter(states={"exception": HONOURED}, at=NOON),
            {"accepted"},
            {"exception": "honoured"},
        ),
        (FindingFilter(states={"exception": HONOURED}, at=LATER), set(), {"exception": "honoured"}),
        (FindingFilter(states={"exception": NOT_HONOURED}, at=NOON), {"expired"}, {}),
        (FindingFilter(states={"exception": NOT_HONOURED}, at=LATER), {"accepted", "expired"}, {}),
        (
            FindingFilter(states={"exception": NONE}, at=NOON),
            {"bad", "foundry", "broken", "odd"},
            {},
        ),
        (FindingFilter(states={"owner": "ml"}), {"accepted"}, {"owner": "ml"}),
        (FindingFilter(states={"owner": "ml\n"}), {"expired"}, {}),
        (FindingFilter(unowned=True), {"bad", "foundry", "broken", "odd"}, {}),
    ],
)
def test_a_filter_admits_what_is_asked_for_alone(
    where: FindingFilter, admitted: set[str], checked: dict[str, str]
) -> None:
    """The service checks what it can; that must leave out nothing that is admitted."""
    assert {name for name, finding in FINDINGS.items() if where.admits(finding)} == admitted
    assert where.equals() == checked
    for name in admitted:
        assert checked.items() <= encode_finding(FINDINGS[name]).items()


def test_the_service_checks_the_kind() -> None:
    """It stands in each row as the account has it."""
    assert FindingFilter(kind="AIServices").equals() == {"kind": "AIServices"}
