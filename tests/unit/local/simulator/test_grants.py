"""Who may use a key: assignments at, above and below it, groups, and what roles allow."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest

from local.simulator import Estate, Permission, Simulator, custom_role
from tests.unit.local.simulator.plain_client import Client
from tests.unit.local.simulator.vault_kit import (
    GRANT_VERSION,
    GROUP,
    KEY,
    KEYS,
    VAULT,
    small_estate,
)

pytestmark = pytest.mark.long

ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments"
ROLES = "/providers/Microsoft.Authorization/roleDefinitions"
MANAGED = "/providers/Microsoft.Management/managementGroups"
USER = "Key Vault Crypto User"
ME = "2e8d1f60-0000-4000-8000-00000000000a"
OTHER = "2e8d1f60-0000-4000-8000-00000000000b"
ABOVE = (KEY, VAULT, GROUP, KEYS, f"{MANAGED}/platform", f"{MANAGED}/company", "/")


@pytest.fixture
def estate() -> Estate:
    """Make the small estate."""
    return small_estate()


@pytest.fixture
def simulator(estate: Estate) -> Iterator[Simulator]:
    """Serve it."""
    with Simulator(estate) as running:
        yield running


async def assigned(client: Client, scope: str, wanted: str | None = None) -> list[dict[str, Any]]:
    """Read the properties of what is assigned at a scope."""
    query = "" if wanted is None else f"?$filter={quote(wanted)}"
    path = f"{scope.rstrip('/')}{ASSIGNMENTS}{query}"
    status, body, _ = await client.get(path, version=GRANT_VERSION)
    assert status == 200, body
    return [each["properties"] for each in body["value"]]


def scopes(found: Sequence[dict[str, Any]]) -> list[str]:
    """Give the scopes of assignments."""
    return [each["scope"] for each in found]


async def test_an_assignment_names_its_role_as_the_subscription_does(
    client: Client, estate: Estate
) -> None:
    """A client compares the last part of the id: what is before it depends on where one asks."""
    estate.grants.add(VAULT, USER, ME)

    [found] = await assigned(client, KEY)

    role = f"{KEYS}{ROLES}/12338af0-0e69-4776-bea7-57ae8d297424"
    assert (found["roleDefinitionId"], found["principalId"]) == (role, ME)
    assert (found["scope"], found["principalType"]) == (VAULT, "ServicePrincipal")
    assert (found["condition"], found["conditionVersion"]) == (None, None)


async def test_a_condition_is_sent_with_its_version(client: Client, estate: Estate) -> None:
    """Who overlooks it takes a right for granted that may not hold."""
    estate.grants.add(VAULT, USER, ME, condition="@Resource[name] StringEquals 'cmk'")

    [found] = await assigned(client, KEY)

    assert found["condition"] == "@Resource[name] StringEquals 'cmk'"
    assert found["conditionVersion"] == "2.0"


async def test_at_scope_are_those_at_and_above(client: Client, estate: Estate) -> None:
    """Each of these reaches the key, from the root of the tenant down."""
    for scope in ABOVE:
        estate.grants.add(scope, USER, ME)
    estate.grants.add(f"{KEY}-two", USER, ME)
    estate.grants.add(f"{MANAGED}/applications", USER, ME)

    key = await assigned(client, KEY.replace("rg-Keys", "RG-KEYS"), "atScope()")
    group = await assigned(client, GROUP, "atScope()")

    assert sorted(scopes(key)) == sorted(ABOVE)
    assert sorted(scopes(group)) == sorted(ABOVE[2:])


@pytest.mark.parametrize(
    ("scope", "above", "all_of_them"),
    [
        (KEY, 7, 7),
        (VAULT, 6, 7),
        (KEYS, 4, 7),
        (f"{MANAGED}/platform", 3, 7),
        (f"{MANAGED}/company", 2, 8),
        (f"{MANAGED}/applications", 3, 3),
        ("/", 1, 8),
    ],
)
async def test_without_it_those_below_are_listed_as_well(
    client: Client, estate: Estate, scope: str, above: int, all_of_them: int
) -> None:
    """Who leaves the filter out takes a grant on one key for one on all."""
    for each in (*ABOVE, f"{MANAGED}/applications"):
        estate.grants.add(each, USER, ME)

    assert len(await assigned(client, scope)) == all_of_them
    assert len(await assigned(client, scope, "atScope()")) == above


async def test_one_principal_is_picked_out(client: Client, estate: Estate) -> None:
    """His own assignments only: those of his groups need another filter."""
    group = estate.grants.set_group("users", [ME])
    for principal in (ME, OTHER, group):
        estate.grants.add(VAULT, USER, principal)

    found = await assigned(client, KEY, f"principalId eq '{ME.upper()}'")

    assert [each["principalId"] for each in found] == [ME]


async def test_groups_and_groups_of_groups_are_followed(client: Client, estate: Estate) -> None:
    """An identity may have its right from a group that its group is in."""
    inner = estate.grants.set_group("inner", [ME])
    outer = estate.grants.set_group("outer", [inner])
    foreign = estate.grants.set_group("foreign", [OTHER])
    for principal in (outer, foreign, OTHER):
        estate.grants.add(VAULT, USER, principal)
    estate.grants.add(f"{KEY}/more", USER, ME)

    every = await assigned(client, KEY, f"assignedTo('{ME}')")
    above = await assigned(client, KEY, f"atScope() and assignedTo('{ME}')")

    assert [(each["principalId"], each["principalType"]) for each in above] == [(outer, "Group")]
    assert [each["principalId"] for each in every] == [outer, ME]


async def test_grants_come_and_go_while_they_are_read(client: Client, estate: Estate) -> None:
    """A right that is taken away is what a second scan has to notice."""
    grant = estate.grants.add(VAULT, USER, ME)
    before = await assigned(client, KEY)
    estate.grants.remove(grant)

    assert (len(before), await assigned(client, KEY)) == (1, [])


async def test_grants_come_in_pages(client: Client, estate: Estate) -> None:
    """The filter must survive from page to page."""
    client.simulator.arm.grants.per_page = 1
    for scope in (KEY, VAULT, f"{KEY}/below"):
        estate.grants.add(scope, USER, ME)

    path = f"{KEY}{ASSIGNMENTS}?$filter=atScope()"
    pages = await client.walk(path, version=GRANT_VERSION)

    assert [len(page) for page in pages] == [1, 1]


@pytest.mark.parametrize(
    ("name", "data_actions"),
    [
        ("Key Vault Crypto Service Encryption User", 3),
        ("Key Vault Crypto User", 9),
        ("Key Vault Crypto Officer", 2),
        ("Key Vault Administrator", 1),
        ("Key Vault Contributor", 0),
        ("Owner", 0),
    ],
)
async def test_built_in_roles_are_found_by_name_and_id(
    client: Client, name: str, data_actions: int
) -> None:
    """What a role allows on keys is in its data actions, and Owner has none."""
    query = quote(f"roleName eq '{name}'")
    _, listed, _ = await client.get(f"{KEYS}{ROLES}?$filter={query}", version=GRANT_VERSION)
    [role] = listed["value"]
    status, read, _ = await client.get(role["id"], version=GRANT_VERSION)

    assert (status, read) == (200, role)
    assert role["properties"]["type"] == "BuiltInRole"
    [permission] = role["properties"]["permissions"]
    assert len(permission["dataActions"]) == data_actions


async def test_a_custom_role_is_read_in_its_blocks(client: Client, estate: Estate) -> None:
    """What one block takes away, another may give: they are not one."""
    blocks = (
        Permission(data_actions=("a/*",), not_data_actions=("a/b",)),
        Permission(actions=("*/read",)),
    )
    role = estate.grants.add_role(custom_role("Ours", KEYS, *blocks))
    _, found, _ = await client.get(f"{KEYS}{ROLES}/{role.id}", version=GRANT_VERSION)
    estate.grants.remove_role("Ours")
    status, body, _ = await client.get(f"{KEYS}{ROLES}/{role.id}", version=GRANT_VERSION)

    assert found["properties"]["type"] == "CustomRole"
    assert found["properties"]["assignableScopes"] == [KEYS]
    assert [
        (each["dataActions"], each["notDataActions"]) for each in found["properties"]["permissions"]
    ] == [(["a/*"], ["a/b"]), ([], [])]
    assert (status, body["error"]["code"]) == (404, "RoleDefinitionDoesNotExist")


async def test_groups_alone_can_be_denied(client: Client, estate: Estate) -> None:
    """Direct grants can be read where nobody may be asked who is in a group."""
    action = "Microsoft.Authorization/roleAssignments/read"
    estate.denials.add(action, VAULT, asking_for_groups=True)
    path = f"{KEY}{ASSIGNMENTS}?$filter="
    direct, _, _ = await client.get(f"{path}atScope()", version=GRANT_VERSION)
    groups, body, _ = await client.get(
        f"{path}atScope()%20and%20assignedTo('{ME}')", version=GRANT_VERSION
    )

    assert (direct, groups) == (200, 403)
    assert f"action '{action}' over scope '{KEY}'" in body["error"]["message"]


@pytest.mark.parametrize("path", [f"{KEY}{ASSIGNMENTS}", f"{KEYS}{ROLES}/x", f"{KEYS}{ROLES}"])
async def test_reading_grants_and_roles_can_be_denied(
    client: Client, estate: Estate, path: str
) -> None:
    """Each needs an action of its own."""
    kind = "roleAssignments" if path.endswith(ASSIGNMENTS) else "roleDefinitions"
    action = f"Microsoft.Authorization/{kind}/read"
    estate.denials.add(action)
    status, body, _ = await client.get(path, version=GRANT_VERSION)

    assert status == 403
    assert f"perform action '{action}' over scope" in body["error"]["message"]


@pytest.mark.parametrize(
    ("path", "version"),
    [
        (f"{KEY}{ASSIGNMENTS}?$filter=startsWith(scope,'/')", GRANT_VERSION),
        (f"{KEY}{ASSIGNMENTS}?$filter=atScope()%20or%20principalId%20eq%20'{ME}'", GRANT_VERSION),
        (f"{KEY}{ASSIGNMENTS}", "2015-07-01"),
        (f"{KEYS}{ROLES}?$filter=type%20eq%20'BuiltInRole'", GRANT_VERSION),
    ],
)
async def test_other_questions_about_grants_are_not_simulated(
    client: Client, path: str, version: str
) -> None:
    """A filter that is not understood must not give all, nor nothing."""
    status, _, _ = await client.get(path, version=version)

    assert status == 501
