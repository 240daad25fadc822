"""Which exemption counts and whether it is honoured, over raw documents."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import ExceptionReason, GapReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.exceptions.facts import (
    ExemptionFacts,
    parse_assignment,
    parse_exemption,
    parse_set,
)
from cmk_check.core.exceptions.judge_exception import CMK_POLICY, ExceptionRules, find_exception
from cmk_check.core.gap import Gap
from cmk_check.core.resource_id import AccountId
from cmk_check.core.unread import Absent, Unread

NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
SUB: Final = "/subscriptions/8d3c0000-0000-4000-8000-000000000001"
GROUP: Final = f"{SUB}/resourceGroups/rg"
ACCOUNT_ID: Final = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/chat"
CORP: Final = "/providers/Microsoft.Management/managementGroups/corp"
# Near misses: names that begin alike.
NEAR: Final = (GROUP[:-1], f"{GROUP}-2", ACCOUNT_ID[:-1], f"{ACCOUNT_ID}-2", f"{SUB}2")
AUTHORIZATION: Final = "providers/Microsoft.Authorization"
OTHER_POLICY: Final = f"/{AUTHORIZATION}/policyDefinitions/other"
OWN_POLICY: Final = f"{CORP}/{AUTHORIZATION}/policyDefinitions/own"
# What infra/policy creates, and names alike.
SHIPPED: Final = f"{CORP}/{AUTHORIZATION}/policyDefinitions/cmk-check-customer-keys"
ALIKE: Final = (f"{SHIPPED}-2", f"/{AUTHORIZATION}/policyDefinitions/my-cmk-check-customer-keys")
SET: Final = f"/{AUTHORIZATION}/policySetDefinitions/initiative"
DENIED: Final = Unread(Gap(GapReason.FORBIDDEN, "action", "Ask."))


def _judged(
    exemptions: Sequence[Mapping[str, Any]],
    assigned: Sequence[Mapping[str, Any]],
    initiative: list[tuple[str, str]] | None,
    listed: set[int],
    location: str | None,
) -> AccountException | None:
    """Judge raw documents as the program does."""
    ids = [
        f"{assigned[at]['scope']}/{AUTHORIZATION}/policyAssignments/a{at}"
        for at in range(len(assigned))
    ]
    entries = []
    for number, exemption in enumerate(exemptions):
        days = exemption["days"]
        expires = days if days in {None, "soon"} else f"{NOW + timedelta(days):%Y-%m-%dT%H:%M:%SZ}"
        properties = {
            "policyAssignmentId": ids[exemption["assignment"]],
            "expiresOn": expires,
            "policyDefinitionReferenceIds": exemption["references"],
            "resourceSelectors": exemption["selectors"],
            "assignmentScopeValidation": exemption["validation"],
        }
        path = f"{exemption['scope']}/{AUTHORIZATION}/policyExemptions/e{number}"
        entries.append(parse_exemption({"id": path, "properties": properties}))
    documents: dict[str, Any] = {}
    for name, each in zip(ids, assigned, strict=True):
        properties = {
            "scope": each["scope"],
            "policyDefinitionId": each["policy"],
            "notScopes": each["notScopes"],
            "resourceSelectors": each["selectors"],
        }
        parsed = parse_assignment(name.lower(), {"properties": properties})
        documents[name.lower()] = {"read": parsed, "gone": Absent(name), "denied": DENIED}[
            each["state"]
        ]
    policies = [
        {"policyDefinitionReferenceId": name, "policyDefinitionId": policy}
        for name, policy in initiative or ()
    ]
    parsed_set = parse_set({"properties": {"policyDefinitions": policies}})
    facts = ExemptionFacts(
        tuple(entry for entry in entries if entry is not None),
        documents,
        {SET.lower(): DENIED if initiative is None or parsed_set is None else parsed_set},
    )
    account_id = AccountId.parse(ACCOUNT_ID)
    assert account_id is not None
    rules = ExceptionRules(
        timedelta(days=30),
        frozenset({OWN_POLICY.lower()}),
        frozenset(ids[i].lower() for i in listed),
    )

    return find_exception(Account(account_id, "OpenAI", location), facts, rules, NOW)


GOOD_EXEMPTION: Final[dict[str, object]] = {
    "scope": ACCOUNT_ID,
    "assignment": 0,
    "days": 30,
    "references": None,
    "selectors": None,
    "validation": None,
}
GOOD_ASSIGNMENT: Final[dict[str, object]] = {
    "scope": CORP,
    "policy": CMK_POLICY,
    "notScopes": [],
    "selectors": None,
    "state": "read",
}


def _one(kind: str, way: str, value: str) -> dict[str, object]:
    return {"selectors": [{"selectors": [{"kind": kind, way: [value]}]}]}


@pytest.mark.parametrize(
    ("exemption", "assignment", "reason"),
    [
        ({}, {}, ExceptionReason.HONOURED),
        ({"days": 0}, {}, ExceptionReason.EXPIRED),
        ({"days": 31}, {}, ExceptionReason.EXPIRES_TOO_LATE),
        ({"days": None}, {}, ExceptionReason.NO_EXPIRY),
        ({"days": "soon"}, {}, ExceptionReason.MALFORMED_EXEMPTION),
        *[({"scope": scope}, {}, None) for scope in NEAR],
        ({"validation": "DoNotValidate"}, {}, ExceptionReason.SCOPE_NOT_VALIDATED),
        ({"references": ["ours"]}, {"policy": SET}, ExceptionReason.HONOURED),
        ({"references": ["theirs"]}, {"policy": SET}, None),
        (_one("resourceLocation", "in", "West Europe"), {}, ExceptionReason.HONOURED),
        (_one("resourceLocation", "notIn", "West Europe"), {}, None),
        (_one("resourceWithoutLocation", "in", "x"), {}, ExceptionReason.SELECTORS_UNCLEAR),
        ({}, _one("resourceLocation", "in", "eastus"), None),
        ({}, _one("resourceWithoutLocation", "in", "x"), ExceptionReason.SELECTORS_UNCLEAR),
        ({}, {"scope": SUB}, ExceptionReason.ASSIGNMENT_NOT_TRUSTED),
        ({}, {"scope": f"{SUB}2"}, None),
        ({}, {"policy": OTHER_POLICY}, None),
        ({}, {"policy": SHIPPED}, ExceptionReason.HONOURED),
        ({}, {"policy": OWN_POLICY}, ExceptionReason.HONOURED),
        ({}, {"policy": CMK_POLICY.upper()}, ExceptionReason.HONOURED),
        ({}, {"policy": SET}, ExceptionReason.HONOURED),
        *[({}, {"policy": alike}, None) for alike in ALIKE],
        ({}, {"notScopes": [GROUP.upper()]}, None),
        ({}, {"notScopes": [CORP]}, ExceptionReason.NOT_SCOPES_UNCLEAR),
        ({}, {"state": "gone"}, None),
        ({}, {"state": "denied"}, ExceptionReason.EXEMPTION_UNREAD),
    ],
)
def test_one_part_that_differs_is_enough(
    exemption: dict[str, object], assignment: dict[str, object], reason: ExceptionReason | None
) -> None:
    """P1: each failed condition alone prevents honouring an exemption."""
    exemptions, assigned = [GOOD_EXEMPTION | exemption], [GOOD_ASSIGNMENT | assignment]

    found = _judged(exemptions, assigned, [("ours", CMK_POLICY)], set(), "westeurope")

    assert (found.reason if found else None) is reason


def test_an_assignment_that_is_listed_is_trusted() -> None:
    """An assignment at a subscription must be trusted in the settings."""
    assigned = [GOOD_ASSIGNMENT | {"scope": SUB}]

    found = _judged([GOOD_EXEMPTION], assigned, None, {0}, "westeurope")

    assert found is not None
    assert found.reason is ExceptionReason.HONOURED


@pytest.mark.parametrize(
    ("exemptions", "first"),
    [
        ([{"days": 0}, {"days": 31}, {"days": 1}], 2),
        ([{"days": 1}, {"days": 29}, {"days": 2}], 1),
        ([{"days": 0}, {"days": -1}], 0),
        ([{"scope": CORP}, {"scope": SUB}, {"scope": GROUP}], 0),
        ([{"scope": SUB}, {"scope": CORP}], 1),
        ([{"scope": f"{SUB}2"}, {}], 1),
    ],
)
def test_of_several_the_honoured_one_counts_that_lasts_longest(
    exemptions: list[dict[str, object]], first: int
) -> None:
    """Else an expired exemption would hide the one that was granted after it."""
    given = [GOOD_EXEMPTION | each for each in exemptions]

    found = _judged(given, [GOOD_ASSIGNMENT], None, set(), "westeurope")

    assert found is not None
    assert found.id is not None
    assert found.id.endswith(f"/e{first}")
