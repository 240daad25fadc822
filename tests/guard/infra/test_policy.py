"""Our own policy: whom its rule concerns, what its templates create, and what exempts from it."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.account import Account, parse_account
from cmk_check.core.enums import ExceptionReason, Verdict
from cmk_check.core.exceptions.facts import ExemptionFacts, parse_assignment, parse_exemption
from cmk_check.core.exceptions.judge_exception import OWN_POLICY, ExceptionRules, find_exception
from cmk_check.core.rule import judge
from tests.fakes.policy_rule import effect_on
from tests.guard.documents import ROOT, table
from tests.guard.infra.bicep_kit import INFRA, SUBSCRIPTION, Bicep, Json, only
from tests.guard.infra.deny_rules import Condition

RULE: Final = json.loads((INFRA / "policy/rule.json").read_text())
POLICY: Final = (ROOT / "docs/azure-policy.md").read_text()
TYPE: Final = "Microsoft.CognitiveServices/accounts"
GROUP: Final = "/providers/Microsoft.Management/managementGroups/corp"
PLACES: Final = {"management_group": GROUP, "subscription": f"/subscriptions/{SUBSCRIPTION}"}
ACCOUNT: Final = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ai/providers/{TYPE}/chat-without-key"
)
UNTIL: Final = datetime(2027, 3, 31, tzinfo=UTC)
KEY: Final = {"encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {}}}
NO_KEY: Final = {"encryption": {"keySource": "Microsoft.CognitiveServices"}}
IDENTITY: Final = {"type": "UserAssigned"}


def account(kind: str = "OpenAI", properties: object = None, **more: object) -> dict[str, object]:
    """Return what Azure Policy sees of a request for an account."""
    return {"type": TYPE, "kind": kind, "properties": properties or {}, **more}


# The requests of docs/azure-policy.md, as Azure Policy sees each.
REQUESTS: Final = {
    "create an account with identity and key in one request": account("AIServices", KEY),
    "create an account without a key, to switch the key on later": account(),
    "create an account with Microsoft's keys": account("AIServices", NO_KEY),
    "give an account without a key its identity": account(identity=IDENTITY),
    "switch on the key of an account": account(properties=KEY, identity=IDENTITY),
    "change an account that has a key": account(properties=KEY),
    "change an account that has no key": account(properties=NO_KEY),
    "create an account of another kind, such as Speech": account("SpeechServices"),
}


def test_the_document_says_of_each_request_whether_it_is_refused() -> None:
    """Whoever switches Deny on must not learn it from a pipeline that fails."""
    rows = {row[0]: row[1].partition(" ")[0] for row in table(POLICY, "request")}
    refused = {
        name: "refused" if effect_on(RULE, seen, {"effect": "Deny"}) else "accepted"
        for name, seen in REQUESTS.items()
    }

    assert rows == refused


@pytest.mark.parametrize(
    ("effect", "outcome"), [("Audit", "Audit"), ("Deny", "Deny"), ("Disabled", None)]
)
def test_the_parameter_says_what_becomes_of_an_account_without_a_key(
    effect: str, outcome: str | None
) -> None:
    """Disabled must stop it, and nothing but Deny may refuse."""
    parameters = {"effect": effect}

    assert effect_on(RULE, account(), parameters) == outcome
    assert effect_on(RULE, account(properties=KEY), parameters) is None


def test_exemptions_from_what_the_templates_create_are_of_our_own_policy() -> None:
    """Another name in one of the two places would leave every exemption unseen."""
    found = re.search(r"var name = '(.+)'", (INFRA / "policy/shared.bicep").read_text())
    assert found

    assert f"/providers/microsoft.authorization/policydefinitions/{found[1]}" == OWN_POLICY


def deployed(compiler: Bicep, template: str, group: str | None = None, **given: str) -> list[Json]:
    """Return what a template of the policy creates."""
    lines = [f"using 'policy/{template}.bicep'", *(f"param {k} = '{v}'" for k, v in given.items())]
    path = compiler.write(f"policy_{template}_{len(given)}.bicepparam", "\n".join(lines))
    in_group = None if template in PLACES else "rg-ai"
    return compiler.snapshot(path, management_group=group, resource_group=in_group)


@pytest.mark.parametrize("template", PLACES)
@pytest.mark.parametrize("effect", [None, "Deny"])
def test_a_template_creates_the_rule_and_assigns_it(
    compiler: Bicep, template: str, effect: str | None
) -> None:
    """A rule that the compiler changed, or that nobody assigns, prevents nothing."""
    group = "corp" if template == "management_group" else None
    given = {"effect": effect} if effect else {}

    created = deployed(compiler, template, group, **given)

    definition = only(created, "Microsoft.Authorization/policyDefinitions")
    assignment = only(created, "Microsoft.Authorization/policyAssignments")
    assert definition["properties"]["policyRule"] == RULE
    allowed = definition["properties"]["parameters"]["effect"]
    assert (allowed["defaultValue"], allowed["allowedValues"]) == (
        "Audit",
        ["Audit", "Deny", "Disabled"],
    )
    properties = assignment["properties"]
    assert properties["policyDefinitionId"] == definition["id"]
    assert definition["id"].lower() == f"{PLACES[template]}{OWN_POLICY}".lower()
    assert properties["parameters"] == {"effect": {"value": effect or "Audit"}}
    (said,) = properties["nonComplianceMessages"]
    for word in ("user-assigned identity", "keyVaultUri", "keyName", "identityClientId"):
        assert word in said["message"]
    # Azure takes no longer name at a management group.
    assert len(assignment["name"]) <= 24


def example_account(compiler: Bicep) -> list[Json]:
    """Return what the example of an account creates."""
    return deployed(
        compiler,
        "account",
        name="chat",
        identityId=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-ai/providers/id",
        identityClientId=SUBSCRIPTION,
        keyVaultUri="https://kv-example.vault.azure.net",
        keyName="ai",
    )


def test_an_account_by_the_example_is_let_through_and_compliant(compiler: Bicep) -> None:
    """The message asks for such an account, and it must be one that both accept."""
    made = only(example_account(compiler), TYPE)

    parsed = parse_account({**made, "id": ACCOUNT}, frozenset())

    assert effect_on(RULE, made, {"effect": "Deny"}) is None
    assert parsed
    assert judge(parsed).verdict is Verdict.COMPLIANT


# What Enforce-GR-OpenAI0 of Azure Landing Zones refuses by default, of all that a request can have:
# github.com/Azure/Azure-Landing-Zones-Library, platform/alz (27 June 2026), and the built-in
# definitions that it names in github.com/Azure/azure-policy. A request has no capabilities, so the
# rules on customer-owned storage and on accounts that support virtual networks refuse none.
GUARDRAILS: Final = (
    "properties.restrictOutboundNetworkAccess != true",
    "properties.networkAcls.ipRules[*] present",
    "properties.networkAcls.virtualNetworkRules[*] present",
    "identity.type absent",
    "identity.type = None",
    "properties.disableLocalAuth != true",
    "properties.publicNetworkAccess != Disabled",
    "properties.networkAcls.defaultAction != Deny",
)


@pytest.mark.parametrize("refused_if", GUARDRAILS)
def test_an_account_by_the_example_passes_the_guardrails(compiler: Bicep, refused_if: str) -> None:
    """A landing zone denies what they name, and the example must be one to start from."""
    made = only(example_account(compiler), TYPE)

    assert not Condition.read(refused_if).holds(made)


def test_the_example_of_an_exemption_is_honoured_at_a_management_group(compiler: Bicep) -> None:
    """It is what an owner gets who asks for more time; nobody would know why it does not count."""
    assignment = f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/cmk"
    created = deployed(
        compiler,
        "exemption",
        accountName=ACCOUNT.rpartition("/")[2],
        assignmentId=assignment,
        expiresOn=f"{UNTIL:%Y-%m-%dT%H:%M:%SZ}",
        reason="Moves to a new account.",
        ticket="CHG-1",
        approvedBy="Risk committee",
    )
    exemption = parse_exemption(dict(only(created, "Microsoft.Authorization/policyExemptions")))
    assigned = parse_assignment(
        assignment.lower(), {"properties": {"policyDefinitionId": f"{GROUP}{OWN_POLICY}"}}
    )
    exempt = parse_account({"id": ACCOUNT, **account()}, frozenset())
    assert exemption
    assert assigned
    assert isinstance(exempt, Account)
    facts = ExemptionFacts((exemption,), {assignment.lower(): assigned})

    honoured = find_exception(exempt, facts, ExceptionRules(), UNTIL - timedelta(days=30))

    assert honoured
    assert (honoured.reason, honoured.expires_on) == (ExceptionReason.HONOURED, UNTIL)
    assert (honoured.ticket, honoured.approved_by) == ("CHG-1", "Risk committee")
