"""What the doctor says of the rights that exceptions need."""

from datetime import UTC, datetime
from typing import Final

import pytest

from cmk_check.core.account import Reading
from cmk_check.core.enums import GapReason
from cmk_check.core.exceptions.facts import Assignment, ExemptionFacts
from cmk_check.core.gap import Gap
from cmk_check.core.unread import Unread
from cmk_check.doctor import estate_checks
from tests.fakes.exemptions import ASSIGNMENT, CORP, DENIED, exempted
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.world import bad, good
from tests.unit.doctor.subjects import ScriptedPatient, subscription, told

ONE, TWO = subscription(1), subscription(2)
LISTS: Final = "lists of exemptions, assignments and initiatives"
SET: Final = f"{CORP}/providers/microsoft.authorization/policysetdefinitions/ours"
DARK: Final = Unread(Gap(GapReason.FORBIDDEN, detail="Grant it at the group."))
PLAIN: Final = exempted(ONE.id, datetime(2026, 12, 1, tzinfo=UTC))
BY_SET: Final = ExemptionFacts(PLAIN.exemptions, {ASSIGNMENT: Assignment(CORP, SET)}, {SET: DARK})


async def _said(
    facts: ExemptionFacts, *, violating: int = 1, setting: str = "show"
) -> tuple[list[tuple[str, str]], list[str]]:
    azure = ScriptedInventory([ONE, TWO, *map(subscription, range(3, 9))])
    for number, each in enumerate(azure.listed):
        one = bad(each.id) if number < violating else good(each.id)
        azure.readings[each.id] = Reading((one,))
    subject = ScriptedPatient.over(azure, environ={"CMK_EXCEPTIONS": setting})
    subject.accepted.facts = {ONE.id: facts}
    await estate_checks.subscriptions(subject)
    await estate_checks.permissions(subject)
    said = await told(estate_checks.exceptions, subject)
    return said, subject.accepted.asked


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        pytest.param(
            PLAIN,
            [("ok", f"2 of 2 {LISTS} can be read.")],
            id="an assigned policy",
        ),
        pytest.param(
            BY_SET,
            [("problem", f"forbidden for {SET}: Grant it at the group.")],
            id="an initiative that may not be read",
        ),
        pytest.param(
            ExemptionFacts(PLAIN.exemptions, {ASSIGNMENT: DARK}),
            [("problem", f"forbidden for {ASSIGNMENT}: Grant it at the group.")],
            id="an assignment above what the role reaches",
        ),
        pytest.param(DENIED, [("problem", f"forbidden for {ONE.id}: Ask.")], id="no list"),
    ],
)
async def test_p11_each_of_the_three_rights_is_tried(
    facts: ExemptionFacts, said: list[tuple[str, str]]
) -> None:
    """P11: a role on subscriptions does not reach the assignments above them."""
    found, asked = await _said(facts)

    assert found[-len(said) :] == said
    assert asked == [ONE.id]


async def test_a_few_subscriptions_with_a_violation_are_tried() -> None:
    """A person waits, and no scan asks where nothing has to be accepted."""
    found, asked = await _said(DENIED, violating=7)

    assert len(asked) == 5
    assert found[0][1].startswith(f"4 of 5 {LISTS}")


async def test_without_a_violation_there_is_nothing_to_try() -> None:
    """What was not tried is not said to work."""
    found, asked = await _said(PLAIN, violating=0)

    assert [mark for mark, _ in found] == ["skipped"]
    assert asked == []


async def test_exceptions_that_are_off_are_left_alone() -> None:
    """Who has switched them off has not granted their rights."""
    assert await _said(PLAIN, setting="off") == ([], [])
