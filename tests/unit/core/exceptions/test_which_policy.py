"""The definitions that count: the built-in one, our own by its name, and those in the settings."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.exceptions.facts import Assignment, SetDefinition
from cmk_check.core.exceptions.judge_exception import CMK_POLICY, ExceptionRules, exception_of
from tests.fakes.exemptions import ASSIGNMENT, CORP, exempted
from tests.fakes.world import bad
from tests.unit.core.examples import ID, NOON

DEFINITIONS: Final = "/providers/microsoft.authorization/policydefinitions"
OURS: Final = f"{DEFINITIONS}/cmk-check-customer-keys"
SET: Final = f"{CORP}/providers/microsoft.authorization/policysetdefinitions/keys"
LISTED: Final = f"{CORP}{DEFINITIONS}/listed"


@pytest.mark.parametrize("in_initiative", [False, True])
@pytest.mark.parametrize(
    ("definition", "counts"),
    [
        (CMK_POLICY, True),
        (f"{CORP}{OURS}", True),
        (f"/subscriptions/{ID}{OURS}", True),
        (LISTED, True),
        (f"{CORP}{OURS}-2", False),
        (f"{CORP}{DEFINITIONS}/my-cmk-check-customer-keys", False),
        (f"{CORP}{DEFINITIONS}/other", False),
    ],
)
def test_exemptions_from_these_definitions_count(
    definition: str, *, counts: bool, in_initiative: bool
) -> None:
    """An exemption from another policy must accept no violation (P1)."""
    facts = exempted(ID, NOON + timedelta(days=30))
    assigned = Assignment(CORP, SET if in_initiative else definition)
    facts = replace(
        facts, assignments={ASSIGNMENT: assigned}, sets={SET: SetDefinition((("a", definition),))}
    )

    found = exception_of(bad(ID), facts, ExceptionRules(policies=frozenset({LISTED})), NOON)

    assert (found is not None and found.is_honoured) == counts
