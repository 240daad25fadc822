"""Policy exemptions, what they exempt from, and who may read and write them."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from local.simulator import CMK_POLICY, Estate, Simulator, builtin_id
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import APPS, KEYS, small_estate

pytestmark = pytest.mark.long

VERSION = "2022-07-01-preview"
AUTH = "/providers/Microsoft.Authorization"
EXEMPTIONS = f"{AUTH}/policyExemptions"
MANAGED = "/providers/Microsoft.Management/managementGroups"
GROUP = f"{APPS}/resourceGroups/rg-apps"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/chat"
SCOPES = (f"{MANAGED}/company", f"{MANAGED}/applications", APPS, GROUP, ACCOUNT)
OURS = f"{MANAGED}/company{AUTH}/policyAssignments/cmk"


@pytest.fixture
def estate() -> Estate:
    """Make the small estate with an assignment above, and an exemption at each scope below it."""
    estate = small_estate()
    estate.policies.assign(f"{MANAGED}/company", "cmk", builtin_id(CMK_POLICY))
    for number, scope in enumerate(SCOPES):
        estate.policies.exempt(scope, f"exempt-{number}", OURS, displayName=scope)
    estate.policies.exempt(KEYS, "elsewhere", OURS)
    estate.policies.exempt(f"{MANAGED}/platform", "elsewhere", OURS)
    return estate


@pytest.fixture
def simulator(estate: Estate) -> Iterator[Simulator]:
    """Serve it."""
    with Simulator(estate) as running:
        yield running


async def listed(client: Client, scope: str, wanted: str = "") -> list[str]:
    """Give the names of the exemptions that a scope's list holds."""
    query = f"?$filter={quote(wanted)}" if wanted else ""
    status, body, _ = await client.get(f"{scope}{EXEMPTIONS}{query}", version=VERSION)
    assert status == 200, body
    return [each["name"] for each in body["value"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("atScope()", [0, 1, 2]),
        ("atExactScope()", [2]),
        ("atScopeAndBelow()", [2, 3, 4]),
    ],
)
async def test_a_subscriptions_list_holds_those_above_and_inside(
    client: Client, wanted: str, found: list[int]
) -> None:
    """One list must bring all that can apply, and a filter must leave out what it says."""
    assert await listed(client, APPS, wanted) == [f"exempt-{each}" for each in found]


async def test_the_oldest_version_hides_resource_selectors(client: Client, estate: Estate) -> None:
    """An exemption read with it seems to apply to more than it does."""
    estate.policies.exempt(APPS, "narrow", OURS, resourceSelectors=[{"name": "a", "selectors": []}])
    shown = {}
    for version in (VERSION, "2020-07-01-preview"):
        path = f"{APPS}{EXEMPTIONS}/narrow"
        _, body, _ = await client.get(path, version=version)
        shown[version] = "resourceSelectors" in body["properties"]

    assert shown == {VERSION: True, "2020-07-01-preview": False}
