"""Which exemption counts and whether it is honoured, written a second time over raw documents."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.account import Account
from cmk_check.core.enums import ExceptionReason, GapReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.exceptions.facts import (
    ExemptionFacts,
    parse_assignment,
    parse_exemption,
    parse_set,
)
from cmk_check.core.exceptions.judge_exception import CMK_POLICY, ExceptionRules, exception_of
from cmk_check.core.gap import Gap
from cmk_check.core.resource_id import AccountId
from cmk_check.core.unread import Absent, Unread

NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
SUB: Final = "/subscriptions/8d3c0000-0000-4000-8000-000000000001"
GROUP: Final = f"{SUB}/resourceGroups/rg"
ACCOUNT_ID: Final = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/chat"
CORP: Final = "/providers/Microsoft.Management/managementGroups/corp"
# The last five are near misses: names that begin alike.
NEAR: Final = (GROUP[:-1], f"{GROUP}-2", ACCOUNT_ID[:-1], f"{ACCOUNT_ID}-2", f"{SUB}2")
SCOPES: Final = (CORP, SUB, GROUP, ACCOUNT_ID, *NEAR)
AUTHORIZATION: Final = "providers/Microsoft.Authorization"
OTHER_POLICY: Final = f"/{AUTHORIZATION}/policyDefinitions/other"
OWN_POLICY: Final = f"{CORP}/{AUTHORIZATION}/policyDefinitions/own"
# What infra/policy creates, and names alike.
SHIPPED: Final = f"{CORP}/{AUTHORIZATION}/policyDefinitions/cmk-check-customer-keys"
ALIKE: Final = (f"{SHIPPED}-2", f"/{AUTHORIZATION}/policyDefinitions/my-cmk-check-customer-keys")
POLICIES: Final = (CMK_POLICY, CMK_POLICY.upper(), OTHER_POLICY, OWN_POLICY, SHIPPED, *ALIKE)
SET: Final = f"/{AUTHORIZATION}/policySetDefinitions/initiative"
DENIED: Final = Unread(Gap(GapReason.FORBIDDEN, "action", "Ask."))


def _mostly[T](good: T, others: Sequence[T]) -> st.SearchStrategy[T]:
    """Draw a value that an honoured exemption has in six of seven cases."""
    return st.sampled_from([*[good] * 6 * len(others), *others])


SELECTOR: Final = st.builds(
    lambda kind, way, values: {"kind": kind, way: values},
    st.sampled_from(["resourceLocation", "resourceType", "resourceWithoutLocation"]),
    st.sampled_from(["in", "notIn"]),
    st.lists(
        st.sampled_from(["West Europe", "eastus", "Microsoft.CognitiveServices/accounts"]),
        min_size=1,
        max_size=2,
    ),
)
SELECTORS: Final = st.one_of(
    st.none(),
    st.none(),
    st.lists(
        st.fixed_dictionaries({"selectors": st.lists(SELECTOR, min_size=1, max_size=2)}),
        max_size=2,
    ),
    st.just([{"selectors": "odd"}]),
)
ASSIGNMENT: Final = st.fixed_dictionaries(
    {
        "scope": _mostly(CORP, SCOPES),
        "policy": _mostly(CMK_POLICY, (*POLICIES, SET, SET)),
        "notScopes": st.lists(st.sampled_from((*SCOPES, GROUP.upper())), max_size=2) | st.just([]),
        "selectors": SELECTORS,
        "state": _mostly("read", ["gone", "denied"]),
    }
)
EXEMPTION: Final = st.fixed_dictionaries(
    {
        "scope": _mostly(ACCOUNT_ID, SCOPES),
        "assignment": st.integers(0, 1),
        "days": _mostly(30, [None, "soon", -1, 0, 1, 31]),
        "references": st.sampled_from([None, [], ["OURS"], ["theirs"], ["theirs", "ours"]]),
        "selectors": SELECTORS,
        "validation": _mostly(None, ["Default", "DoNotValidate"]),
    }
)
SET_POLICIES: Final = st.lists(
    st.tuples(st.sampled_from(["ours", "theirs"]), st.sampled_from(POLICIES)), max_size=2
)


def _selected(selectors: Any, location: str | None) -> str:  # noqa: ANN401 - a raw document
    """Return whether raw selectors include the account: yes, no or unclear."""
    if not selectors:
        return "yes"
    if any(not isinstance(group["selectors"], list) for group in selectors):
        return "unclear"
    answers = []
    for group in selectors:
        votes = []
        for one in group["selectors"]:
            values = [value.lower().replace(" ", "") for value in one.get("in", one.get("notIn"))]
            mine = {
                "resourceType": "microsoft.cognitiveservices/accounts",
                "resourceLocation": location,
            }.get(one["kind"])
            votes.append(
                "unclear" if mine is None else ("no", "yes")[(mine in values) == ("in" in one)]
            )
        answers.append("no" if "no" in votes else "unclear" if "unclear" in votes else "yes")
    return "yes" if "yes" in answers else "unclear" if "unclear" in answers else "no"


def _above(scope: str) -> bool:
    path = ACCOUNT_ID.lower()
    return path == scope.lower() or path.startswith(scope.lower() + "/")


type Clauses = list[tuple[bool, ExceptionReason | None]]


def _first(clauses: Clauses) -> ExceptionReason | None:
    return next(outcome for holds, outcome in clauses if holds)


def _expected(
    exemption: dict[str, Any],
    assignment: dict[str, Any],
    initiative: list[tuple[str, str]] | None,
    listed: set[int],
    location: str | None,
) -> ExceptionReason | None:
    """Return what one exemption means for the account, clause by clause as documented."""
    at_group, state = assignment["scope"] == CORP, assignment["state"]
    days = exemption["days"] if isinstance(exemption["days"], int) else None
    trusted = at_group or exemption["assignment"] in listed
    honoured = _first(
        [
            (days is None, ExceptionReason.NO_EXPIRY),
            ((days or 0) <= 0, ExceptionReason.EXPIRED),
            ((days or 0) > 30, ExceptionReason.EXPIRES_TOO_LATE),
            (not trusted, ExceptionReason.ASSIGNMENT_NOT_TRUSTED),
            (True, ExceptionReason.HONOURED),
        ]
    )
    dark = ExceptionReason.EXEMPTION_UNREAD if honoured is ExceptionReason.HONOURED else None
    good = {CMK_POLICY, OWN_POLICY.lower(), SHIPPED.lower()}
    ours = {name for name, policy in initiative or () if policy.lower() in good}
    named = {name.lower() for name in exemption["references"] or ours}
    is_set, left_out = assignment["policy"] == SET, assignment["notScopes"]
    selected = {_selected(part["selectors"], location) for part in (exemption, assignment)}
    return _first(
        [
            (exemption["scope"] != CORP and not _above(exemption["scope"]), None),
            (exemption["days"] == "soon", ExceptionReason.MALFORMED_EXEMPTION),
            (state == "gone", None),
            (state == "denied" or (is_set and initiative is None), dark),
            (is_set and not ours & named, None),
            (not is_set and assignment["policy"].lower() not in good, None),
            (not at_group and not _above(assignment["scope"]), None),
            (any(scope != CORP and _above(scope) for scope in left_out), None),
            ("no" in selected, None),
            (
                at_group and exemption["validation"] == "DoNotValidate",
                ExceptionReason.SCOPE_NOT_VALIDATED,
            ),
            (CORP in left_out, ExceptionReason.NOT_SCOPES_UNCLEAR),
            ("unclear" in selected, ExceptionReason.SELECTORS_UNCLEAR),
            (True, honoured),
        ]
    )


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

    return exception_of(Account(account_id, "OpenAI", location), facts, rules, NOW)


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


@settings(max_examples=250)
@given(
    st.lists(EXEMPTION, max_size=3),
    st.tuples(ASSIGNMENT, ASSIGNMENT),
    st.one_of(st.none(), SET_POLICIES),
    st.sets(st.integers(0, 1)),
    st.sampled_from(["westeurope", None]),
)
def test_both_writings_agree(
    exemptions: list[dict[str, Any]],
    assigned: tuple[dict[str, Any], dict[str, Any]],
    initiative: list[tuple[str, str]] | None,
    listed: set[int],
    location: str | None,
) -> None:
    """An honoured exemption accepts a violation, so an error here is a false green."""
    found = _judged(exemptions, assigned, initiative, listed, location)

    wanted = {}
    for number, each in enumerate(exemptions):
        reason = _expected(each, assigned[each["assignment"]], initiative, listed, location)
        if reason is not None:
            days = each["days"] if isinstance(each["days"], int) else 10**6
            order = (
                reason is not ExceptionReason.HONOURED,
                -days,
                f"{each['scope'].lower()}/{number}",
            )
            wanted[order] = (reason, number)
    if not wanted:
        assert found is None
        return
    reason, number = wanted[min(wanted)]
    assert found is not None
    assert found.id is not None
    assert (found.reason, found.id.rpartition("/")[2]) == (reason, f"e{number}")
