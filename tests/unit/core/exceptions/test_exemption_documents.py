"""Exemptions, assignments and initiatives as Azure sends them, and in other shapes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from cmk_check.core.enums import ExceptionReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.exceptions.facts import (
    Selector,
    parse_assignment,
    parse_exemption,
    parse_selectors,
    parse_set,
)

CORP: Final = "/providers/Microsoft.Management/managementGroups/corp"
ID: Final = f"{CORP}/providers/Microsoft.Authorization/policyExemptions/Accepted"
ASSIGNMENT: Final = f"{CORP}/providers/Microsoft.Authorization/policyAssignments/cmk"
ENTRY: Final[dict[str, Any]] = {
    "id": ID,
    "properties": {
        "policyAssignmentId": ASSIGNMENT,
        "exemptionCategory": "Waiver",
        "expiresOn": "2026-12-31T10:30:15.1234567Z",
        "displayName": "Until the move",
        "description": "Moves in January",
        "metadata": {"approvedBy": "Board", "ticketRef": "T-1", "other": 5},
    },
    "systemData": {"createdBy": "someone@example.com"},
}


def test_documented_shape_is_read() -> None:
    """Texts that people wrote are for display; the rest is for the judgement."""
    found = parse_exemption(ENTRY)

    assert found is not None
    assert not found.is_malformed
    assert (found.scope, found.assignment_id) == (CORP.lower(), ASSIGNMENT.lower())
    assert replace(found.shown, reason=ExceptionReason.HONOURED) == AccountException(
        ExceptionReason.HONOURED,
        ID.lower(),
        category="Waiver",
        display_name="Until the move",
        description="Moves in January",
        ticket="T-1",
        approved_by="Board",
        created_by="someone@example.com",
        expires_on=datetime(2026, 12, 31, 10, 30, 15, tzinfo=UTC),
    )
    assert not found.shown.is_honoured  # before it is judged


@pytest.mark.parametrize(
    "exemption_id", [None, "/x", ID.replace("corp", "corp/deep"), ASSIGNMENT, f"{ID}/more"]
)
def test_entry_that_exempts_nothing_known_is_left_out(exemption_id: object) -> None:
    """Of no account can be said that it is meant."""
    assert parse_exemption({**ENTRY, "id": exemption_id}) is None


@pytest.mark.parametrize(
    "part",
    [
        {"policyAssignmentId": None},
        {"policyAssignmentId": ID},
        {"expiresOn": 5},
        {"expiresOn": "2026-12-31T10:30:15"},
        {"policyDefinitionReferenceIds": [5]},
    ],
)
def test_other_shape_is_malformed_and_shown(part: dict[str, object]) -> None:
    """P1: an exemption that is not understood exempts nothing."""
    found = parse_exemption({**ENTRY, "properties": {**ENTRY["properties"], **part}})

    assert found is not None
    assert found.is_malformed


def test_lookalike_letter_is_another_scope() -> None:
    """P1: Python lower-cases the kelvin sign to a k, and Azure does not."""
    found = parse_exemption({**ENTRY, "id": ID.replace("corp", "\u212a")})

    assert found is not None
    assert found.scope.endswith("/\u212a")


@pytest.mark.parametrize(
    "properties",
    [
        {"policyDefinitionId": 5},
        {"policyDefinitionId": "/p", "notScopes": "none"},
        {"policyDefinitionId": "/p", "scope": "/subscriptions/other"},
    ],
)
def test_assignment_in_another_shape_is_not_read(properties: dict[str, object]) -> None:
    """P1: a missing list of excluded scopes is not an empty one."""
    assert parse_assignment(ASSIGNMENT.lower(), {"properties": properties}) is None


@pytest.mark.parametrize("properties", [{}, {"policyDefinitions": [{"policyDefinitionId": None}]}])
def test_initiative_in_another_shape_is_not_read(properties: dict[str, object]) -> None:
    """The policies behind its references would be a guess."""
    assert parse_set({"properties": properties}) is None


@pytest.mark.parametrize(
    "selectors",
    [
        [],
        [{"kind": "resourceType", "in": []}],
        [{"kind": "resourceType", "in": ["a"], "notIn": ["b"]}],
        [{"kind": "resourceType", "in": ["a"], "notIn": 5}],
        [{"kind": 5, "in": ["a"]}],
    ],
)
def test_selectors_in_another_shape_are_unclear(selectors: list[object]) -> None:
    """P1: they may exclude the account."""
    assert parse_selectors([{"selectors": selectors}]) is None
    assert parse_selectors([5]) is None


def test_selectors_are_folded() -> None:
    """Azure has two spellings of a location."""
    selectors = [{"kind": "resourceLocation", "notIn": ["West Europe"]}]

    assert parse_selectors([{"name": "n", "selectors": selectors}]) == (
        (Selector("resourcelocation", frozenset({"westeurope"}), negated=True),),
    )
    assert parse_selectors(None) == ()
