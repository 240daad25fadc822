"""The rules of Azure Policy that refuse resources, over what each parameter set would create."""

from typing import Final

import pytest

from tests.guard.infra.bicep_kit import Json
from tests.guard.infra.deny_rules import RULES, SETS, TABLE

STRICT: Final = "landing_zone"


@pytest.mark.parametrize("name", SETS)
def test_what_a_rule_refuses_has_its_reason(created: dict[str, list[Json]], name: str) -> None:
    """Azure says so only in the middle of a deployment, and a reason must not outlive the fault."""
    refused = {rule.id: rule.refused(created[name]) for rule in RULES}

    assert {key: found for key, found in refused.items() if found}.keys() == {
        rule.id for rule in RULES if name in rule.unmet
    }, refused


def test_the_landing_zone_meets_what_denies_by_default(created: dict[str, list[Json]]) -> None:
    """It exists for subscriptions that deny all of it, so no reason helps."""
    refused = {rule.id: rule.refused(created[STRICT]) for rule in RULES if rule.effect == "Deny"}

    assert {key: found for key, found in refused.items() if found} == {}


def test_each_created_type_is_in_the_table(created: dict[str, list[Json]]) -> None:
    """For a new type somebody must look for the rules that read it."""
    types = {resource["type"] for resources in created.values() for resource in resources}
    known = {kind for rule in RULES for kind in rule.type.split(", ")} - {"*"}

    assert types == known | set(TABLE["unread"]["types"])
    assert known & set(TABLE["unread"]["types"]) == set()
