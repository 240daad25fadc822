"""Policy exemptions, what they exempt from, and who may read and write them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from local.simulator import CMK_POLICY, Estate, Simulator, builtin_id, estate_of
from local.simulator.policies import PolicyType
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import APPS, KEYS, small_estate

pytestmark = pytest.mark.long

VERSION = "2022-07-01-preview"
POLICY_VERSION = "2025-03-01"
AUTH = "/providers/Microsoft.Authorization"
EXEMPTIONS = f"{AUTH}/policyExemptions"
SETS = f"{AUTH}/policySetDefinitions"
MANAGED = "/providers/Microsoft.Management/managementGroups"
GROUP = f"{APPS}/resourceGroups/rg-apps"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/chat"
SCOPES = (f"{MANAGED}/company", f"{MANAGED}/applications", APPS, GROUP, ACCOUNT)
OURS = f"{MANAGED}/company{AUTH}/policyAssignments/cmk"
MCSB = "1f3afdf9-d0c9-4c3d-847f-89da613e70a8"


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


def _exemption(**properties: object) -> dict[str, Any]:
    """Give the body that creates an exemption."""
    given = {"policyAssignmentId": OURS, "exemptionCategory": "Waiver", **properties}
    return {"properties": given}


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


async def test_an_accounts_list_holds_those_that_reach_it(client: Client) -> None:
    """The neighbours' exemptions are not its own."""
    assert await listed(client, ACCOUNT.upper()) == [f"exempt-{each}" for each in range(5)]
    assert await listed(client, f"{ACCOUNT}-2") == [f"exempt-{each}" for each in range(4)]
    assert await listed(client, f"{MANAGED}/platform") == ["exempt-0", "elsewhere", "elsewhere"]


async def test_expired_exemptions_stay_until_a_filter_leaves_them_out(
    client: Client, estate: Estate
) -> None:
    """Azure keeps the object; who only looks whether there is one is misled."""
    exemption = estate.policies.find(f"{APPS}{EXEMPTIONS}/exempt-2")
    assert exemption is not None
    exemption.set("properties.expiresOn", "2020-01-01T00:00:00Z")

    assert "exempt-2" in await listed(client, APPS)
    assert "exempt-2" not in await listed(client, APPS, "excludeExpired()")


async def test_the_exemptions_of_one_assignment_are_picked_out(
    client: Client, estate: Estate
) -> None:
    """Its id is compared in any case."""
    estate.policies.exempt(APPS, "other", f"{OURS}-2")

    assert await listed(client, APPS, f"policyAssignmentId eq '{OURS.upper()}-2'") == ["other"]


async def test_exemptions_come_in_pages(client: Client) -> None:
    """A list of a large tenant has more than one."""
    client.simulator.arm.policies.per_page = 2

    pages = await client.walk(f"{APPS}{EXEMPTIONS}", version=VERSION)

    assert [len(page) for page in pages] == [2, 2, 1]


async def test_an_exemption_is_read_with_its_author(client: Client) -> None:
    """Who accepted the risk is in systemData; everything else can be written by anybody."""
    status, body, _ = await client.get(f"{APPS}{EXEMPTIONS}/EXEMPT-2", version=VERSION)

    assert status == 200
    assert body["properties"] == {
        "policyAssignmentId": OURS,
        "policyDefinitionReferenceIds": [],
        "exemptionCategory": "Waiver",
        "displayName": APPS,
    }
    assert body["systemData"]["createdByType"] == "User"
    assert "@" in body["systemData"]["createdBy"]
    assert body["type"] == "Microsoft.Authorization/policyExemptions"


async def test_the_oldest_version_hides_resource_selectors(client: Client, estate: Estate) -> None:
    """An exemption read with it seems to apply to more than it does."""
    estate.policies.exempt(APPS, "narrow", OURS, resourceSelectors=[{"name": "a", "selectors": []}])
    shown = {}
    for version in (VERSION, "2020-07-01-preview"):
        path = f"{APPS}{EXEMPTIONS}/narrow"
        _, body, _ = await client.get(path, version=version)
        shown[version] = "resourceSelectors" in body["properties"]

    assert shown == {VERSION: True, "2020-07-01-preview": False}


async def test_assignments_and_sets_are_read_by_their_ids(client: Client, estate: Estate) -> None:
    """The way from an exemption to what it exempts from."""
    built_in = builtin_id(MCSB, PolicyType.SET)
    custom = estate.policies.add_set(f"{MANAGED}/company", "ours", {"a": builtin_id(CMK_POLICY)})
    read = {}
    for path in (OURS, built_in, custom.id, builtin_id(CMK_POLICY)):
        status, body, _ = await client.get(path, version=POLICY_VERSION)
        assert (status, body["id"]) == (200, path)
        read[path] = body["properties"]

    assert read[OURS]["policyDefinitionId"] == builtin_id(CMK_POLICY)
    assert read[custom.id]["policyDefinitions"][0]["policyDefinitionReferenceId"] == "a"
    member = "cognitiveServicesAccountsShouldEnableDataEncryptionWithACustomerManagedKey"
    [ours] = [
        each["policyDefinitionReferenceId"]
        for each in read[built_in]["policyDefinitions"]
        if each["policyDefinitionId"] == builtin_id(CMK_POLICY)
    ]
    assert ours == f"{member}MonitoringEffect"


@pytest.mark.parametrize(
    ("path", "version", "code"),
    [
        (f"{APPS}{EXEMPTIONS}/x", VERSION, "PolicyExemptionNotFound"),
        (f"{APPS}{AUTH}/policyAssignments/x", POLICY_VERSION, "PolicyAssignmentNotFound"),
        # A built-in initiative has no id in a subscription.
        (
            f"{APPS}{AUTH}/policySetDefinitions/{MCSB}",
            POLICY_VERSION,
            "PolicySetDefinitionNotFound",
        ),
        (f"{AUTH}/policyDefinitions/x", POLICY_VERSION, "PolicyDefinitionNotFound"),
        (f"{APPS}{EXEMPTIONS}/exempt-2", "2021-06-01", "InvalidResourceType"),
        (f"{OURS}", VERSION, "InvalidResourceType"),
    ],
)
async def test_what_is_not_there_is_named(
    client: Client, path: str, version: str, code: str
) -> None:
    """Each type has a code of its own, and versions of its own."""
    status, body, _ = await client.get(path, version=version)

    assert (status, body["error"]["code"]) == (404, code)


@pytest.mark.parametrize(
    "path",
    [
        f"{APPS}{EXEMPTIONS}?$filter=startsWith(name,'a')",
        f"{APPS}{EXEMPTIONS}?$top=1",
        f"{APPS}{AUTH}/policyAssignments",
    ],
)
async def test_other_questions_about_policies_are_not_simulated(client: Client, path: str) -> None:
    """A filter that is not understood must not give all, nor nothing."""
    status, _, _ = await client.get(path, version=VERSION)

    assert status == 501


@pytest.mark.parametrize(
    "case",
    [
        ("policyExemptions/read", APPS, f"{APPS}{EXEMPTIONS}", VERSION),
        ("policyAssignments/read", MANAGED, OURS, POLICY_VERSION),
        ("policySetDefinitions/read", "/", builtin_id(MCSB, PolicyType.SET), POLICY_VERSION),
    ],
)
async def test_reading_can_be_denied(
    client: Client, estate: Estate, case: tuple[str, str, str, str]
) -> None:
    """A role on subscriptions alone reads no assignment of a management group."""
    action, scope, path, version = case
    estate.denials.add(f"Microsoft.Authorization/{action}", scope)

    status, body, _ = await client.get(path, version=version)

    assert (status, body["error"]["code"]) == (403, "AuthorizationFailed")
    assert f"action 'Microsoft.Authorization/{action}'" in body["error"]["message"]


async def test_an_administrator_creates_and_deletes_an_exemption(
    client: Client, estate: Estate
) -> None:
    """Deleting twice is no error, as in Azure."""
    path = f"{ACCOUNT}{EXEMPTIONS}/new"
    body = _exemption(expiresOn="2030-01-01T00:00:00Z", description=None)
    done = {}
    for step, method, sent in (
        ("created", "PUT", body),
        ("read", "GET", None),
        ("deleted", "DELETE", None),
        ("gone", "GET", None),
    ):
        status, answer, _ = await client.as_administrator(
            path, method=method, body=sent, version=VERSION
        )
        done[step] = status, answer

    assert [status for status, _ in done.values()] == [201, 200, 200, 404]
    assert done["created"] == (201, done["read"][1])
    created = done["created"][1]
    assert "description" not in created["properties"]
    assert created["systemData"]["createdBy"] == estate.administrator


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("policyExemptions/a", _exemption(exemptionCategory="Ours"), "InvalidRequestContent"),
        ("policyExemptions/a", {}, "InvalidRequestContent"),
        (
            "policyExemptions/a",
            _exemption(policyAssignmentId=f"{OURS}-2"),
            "PolicyAssignmentNotFound",
        ),
        (
            "policyExemptions/a",
            _exemption(policyDefinitionReferenceIds=["x"]),
            "InvalidPolicyDefinitionReference",
        ),
        (
            "policyExemptions/a",
            _exemption(policyAssignmentId=f"{KEYS}{AUTH}/policyAssignments/local"),
            "InvalidCreatePolicyExemptionRequest",
        ),
        ("policyAssignments/a", {}, "InvalidRequestContent"),
        (
            "policyAssignments/a",
            {"properties": {"policyDefinitionId": builtin_id("x", PolicyType.SET)}},
            "PolicySetDefinitionNotFound",
        ),
    ],
)
async def test_what_azure_refuses_to_write_is_refused(
    client: Client, estate: Estate, name: str, body: object, error: str
) -> None:
    """A test must not rest on an object that Azure would not take."""
    estate.policies.assign(KEYS, "local", builtin_id(CMK_POLICY))
    path = f"{APPS}{AUTH}/{name}"
    version = VERSION if EXEMPTIONS in path else POLICY_VERSION

    status, answer, _ = await client.as_administrator(
        path, method="PUT", body=body, version=version
    )

    assert (status, answer["error"]["code"]) == (404 if "NotFound" in error else 400, error)
    assert estate.policies.find(path) is None


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_the_app_may_not_write(client: Client, estate: Estate, method: str) -> None:
    """It has rights to read, and nothing else."""
    path = f"{APPS}{EXEMPTIONS}/exempt-2"

    status, _, _ = await client.get(path, method=method, body=_exemption(), version=VERSION)

    assert status == 403
    assert estate.policies.find(path) is not None


async def test_an_assignment_is_created_at_a_scope(client: Client, estate: Estate) -> None:
    """With what az sends: a definition, and perhaps scopes to leave out."""
    path = f"{APPS}{AUTH}/policyAssignments/local"
    body = {"properties": {"policyDefinitionId": builtin_id(CMK_POLICY), "notScopes": [GROUP]}}

    status, answer, _ = await client.as_administrator(
        path, method="PUT", body=body, version=POLICY_VERSION
    )

    assert (status, answer["properties"]) == (201, {"scope": APPS, **body["properties"]})
    assert estate.policies.find(path) is not None


def test_dates_of_exemptions_in_an_estate_are_relative() -> None:
    """An estate that names a day would be another one on the day after."""
    properties = {"policyAssignmentId": OURS, "expiresOn": "+2h"}
    entry = {"type": "policyExemptions", "scope": APPS, "name": "a", "properties": properties}
    loaded = estate_of({"subscriptions": [], "policies": [entry]})
    fixed = estate_of({"subscriptions": [], "policies": [entry | {"properties": {}}]})

    exemption = loaded.policies.find(f"{APPS}{EXEMPTIONS}/a")
    assert exemption is not None
    expires = datetime.fromisoformat(str(exemption.find("properties.expiresOn")))
    assert 7100 < (expires - datetime.now(UTC)).total_seconds() <= 7200
    assert fixed.policies.find(exemption.id) is not None
