"""Who may use a key: assignments at, above and below it, groups, and what roles allow."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from local.simulator import Estate, Simulator
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


@pytest.mark.parametrize(
    ("scope", "above", "all_of_them"),
    [
        (KEY, 7, 7),
        (KEYS, 4, 7),
        (f"{MANAGED}/platform", 3, 7),
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
