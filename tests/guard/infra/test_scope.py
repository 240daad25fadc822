"""The right to read the estate: exactly what the program asks of Azure, no more and no less."""

import json
import os
import re
import subprocess
import sys
from typing import Final

import pytest

from local.simulator import Simulator
from tests.guard.documents import ROOT, codes, table
from tests.guard.infra.bicep_kit import PRINCIPAL, SUBSCRIPTION, TENANT, Bicep, of_type
from tests.guard.infra.expressions import worked_out

GRANTED: Final = json.loads((ROOT / "infra/scope/actions.json").read_text())
PERMISSIONS: Final = (ROOT / "docs/permissions.md").read_text()
ROLE: Final = "Microsoft.Authorization/roleDefinitions"
ASSIGNMENT: Final = "Microsoft.Authorization/roleAssignments"
READER: Final = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
# What each request takes: https://learn.microsoft.com/azure/role-based-access-control/permissions
NEEDED: Final = {
    "GET /subscriptions": "Microsoft.Resources/subscriptions/read",
    "GET /subscriptions/{id}/providers/Microsoft.CognitiveServices/accounts": (
        "Microsoft.CognitiveServices/accounts/read"
    ),
}


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """What a scan of the sample estate asked of Azure Resource Manager."""
    with Simulator("sample") as simulator:
        subprocess.run(
            [sys.executable, "-m", "cmk_check", "scan", "--quiet"],
            cwd=ROOT,
            env={"PATH": os.defpath, **simulator.environment()},
            capture_output=True,
            timeout=60,
            check=False,
        )
        # The endpoint of the identity asks who calls by other means: no role is needed for it.
        by_role = [record for record in simulator.requests if record.authorized]
        return {f"{record.method} {_pattern(record.path)}" for record in by_role}


def _pattern(path: str) -> str:
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "{id}", path)


def test_the_role_grants_what_a_scan_asks_for_and_nothing_else(asked: set[str]) -> None:
    """One action too few is a gap in every subscription; one too many is a right for a thief."""
    assert asked == NEEDED.keys()
    assert sorted(GRANTED) == sorted(NEEDED.values())


def test_the_role_only_reads() -> None:
    """A wildcard, or a verb like listKeys/action, would be more than anybody was told (P5)."""
    assert [action for action in GRANTED if not re.fullmatch(r"[\w./]+/read", action)] == []


GROUP: Final = "/providers/Microsoft.Management/managementGroups/mg-ai"
EACH: Final = [f"/subscriptions/{SUBSCRIPTION}", f"/subscriptions/{TENANT}"]


@pytest.mark.parametrize(
    ("parameters", "group", "scopes"),
    [
        ("scope/management_group.bicepparam", "mg-ai", [GROUP]),
        ("scope/subscriptions.bicepparam", None, EACH),
    ],
)
def test_the_templates_grant_the_role_to_the_app_and_no_more(
    compiler: Bicep, parameters: str, group: str | None, scopes: list[str]
) -> None:
    """With a data action the role could not be assigned at a management group at all."""
    resources = worked_out(compiler.snapshot(parameters, management_group=group))
    roles = of_type(resources, ROLE)
    granted = of_type(resources, ASSIGNMENT)

    assert len(resources) == len(roles) + len(granted)
    assert [role["properties"]["permissions"] for role in roles] == [
        [{"actions": GRANTED, "notActions": [], "dataActions": [], "notDataActions": []}]
    ] * len(scopes)
    assert [role["properties"]["assignableScopes"] for role in roles] == [[one] for one in scopes]
    assert [one["id"].split(f"/providers/{ASSIGNMENT}/")[0] for one in granted] == scopes
    for role, one in zip(roles, granted, strict=True):
        assert one["properties"]["principalId"] == PRINCIPAL
        assert one["properties"]["roleDefinitionId"] == role["id"]


def test_names_of_roles_differ(compiler: Bicep) -> None:
    """They are taken for a whole tenant: the second of one name would not be created."""
    resources = [
        *compiler.snapshot("scope/management_group.bicepparam", management_group="mg-ai"),
        *compiler.snapshot("scope/subscriptions.bicepparam"),
    ]
    names = [role["properties"]["roleName"] for role in of_type(resources, ROLE)]

    assert len(set(names)) == len(names) == 3


def test_the_simple_way_makes_no_role(compiler: Bicep) -> None:
    """Who may assign roles may often not define them."""
    text = f"using 'management_group.bicep'\nparam principalId = '{PRINCIPAL}'\n"
    path = compiler.write("scope/reader.bicepparam", f"{text}param useReader = true\n")

    (granted,) = worked_out(compiler.snapshot(path, management_group="mg-ai"))

    assert granted["type"] == ASSIGNMENT
    assert granted["properties"]["roleDefinitionId"].endswith(f"/roleDefinitions/{READER}")


def test_the_document_names_each_action_with_its_request() -> None:
    """Whoever grants the role by hand copies the actions from there."""
    rows = table(PERMISSIONS, "action")

    told = {
        request: action
        for action, row in zip(codes(rows), rows, strict=True)
        for request in re.findall(r"`(GET [^`]+)`", row[1])
    }

    assert told == NEEDED
