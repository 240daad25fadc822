"""What lists hold and leave out: more than Azure would show must not be seen here."""

import re
from typing import Any
from urllib.parse import quote

import pytest

from local.simulator import Access, Estate, VaultSpec
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client
from tests.unit.local.simulator.vault_kit import (
    APP_GROUP,
    APPS,
    COMPANY,
    GRANT_VERSION,
    GRAPH_VERSION,
    GROUP,
    KEY,
    KEY_VERSION,
    KEYS,
    VAULT,
    query,
)

pytestmark = pytest.mark.long

EXEMPTION_VERSION = "2022-07-01-preview"
AUTH = "/providers/Microsoft.Authorization"
MANAGED = COMPANY.rpartition("/")[0]
OURS = f"{COMPANY}{AUTH}/policyAssignments/cmk"


async def listed(client: Client, path: str, version: str) -> list[Any]:
    """Give the entries of a list."""
    status, body, _ = await client.get(path, version=version)
    assert status == 200, body
    entries: list[Any] = body["value"]
    return entries


async def asked(client: Client, text: str, **options: object) -> Any:  # noqa: ANN401 - JSON
    """Send a query to Resource Graph; give its answer."""
    body = {"query": text, "options": {"resultFormat": "objectArray", **options}}
    path = "/providers/Microsoft.ResourceGraph/resources"
    status, answer, _ = await client.get(path, method="POST", version=GRAPH_VERSION, body=body)
    assert status == 200, answer
    return answer


async def test_lists_of_keys_and_versions_name_neither_type_nor_size(client: Client) -> None:
    """A client that takes them from a list must meet a list that does not have them."""
    keys = await listed(client, f"{VAULT}/keys", KEY_VERSION)
    versions = await listed(client, f"{KEY}/versions", KEY_VERSION)

    assert (len(keys), len(versions)) == (1, 2)
    assert {name for each in (*keys, *versions) for name in each["properties"]} == {
        "attributes",
        "keyUri",
        "keyUriWithVersion",
    }


async def test_a_denial_reaches_what_is_below_and_leaves_the_next_alone(
    client: Client, estate: Estate
) -> None:
    """kv-one is no parent of kv-one-more, whatever a comparison of texts says."""
    estate.denials.add("Microsoft.KeyVault/vaults/read", VAULT)
    estate.denials.add("Microsoft.KeyVault/vaults/keys/read", GROUP)
    vaults = estate.subscription(KEYS.rpartition("/")[2]).vaults
    vaults.add(VaultSpec(name="kv-one-more", group="rg-keys"))

    statuses = {
        path: (await client.get(path, version=KEY_VERSION))[0]
        for path in (VAULT, KEY, f"{VAULT}-more")
    }

    assert list(statuses.values()) == [403, 403, 200]


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
async def test_role_assignments_are_those_above_and_without_the_filter_those_below_as_well(
    client: Client, estate: Estate, scope: str, above: int, all_of_them: int
) -> None:
    """Who leaves the filter out takes a grant on one key for one on all."""
    groups = [f"{MANAGED}/{name}" for name in ("platform", "company", "applications")]
    for each in (KEY, VAULT, GROUP, KEYS, *groups, "/"):
        estate.grants.add(each, "Key Vault Crypto User", "2e8d1f60-0000-4000-8000-00000000000a")
    path = f"{scope.rstrip('/')}{AUTH}/roleAssignments"

    assert len(await listed(client, path, GRANT_VERSION)) == all_of_them
    assert len(await listed(client, f"{path}?$filter=atScope()", GRANT_VERSION)) == above


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("atScope()", [0, 1, 2]),
        ("atExactScope()", [2]),
        ("atScopeAndBelow()", [2, 3, 4]),
    ],
)
async def test_a_subscriptions_exemptions_are_those_above_and_inside(
    client: Client, estate: Estate, wanted: str, found: list[int]
) -> None:
    """One list must bring all that can apply, and a filter must leave out what it says."""
    account = f"{APP_GROUP}{ACCOUNTS}/chat"
    for number, scope in enumerate((COMPANY, f"{MANAGED}/applications", APPS, APP_GROUP, account)):
        estate.policies.exempt(scope, f"exempt-{number}", OURS, displayName=scope)
    estate.policies.exempt(KEYS, "elsewhere", OURS)
    path = f"{APPS}{AUTH}/policyExemptions"
    path += f"?$filter={quote(wanted)}" if wanted else ""

    names = [each["name"] for each in await listed(client, path, EXEMPTION_VERSION)]

    assert names == [f"exempt-{each}" for each in found]


@pytest.mark.parametrize("hidden", ["forbidden", "not listed", "deleted", "denied"])
async def test_resource_graph_leaves_out_what_may_not_be_read_without_a_word(
    client: Client, estate: Estate, hidden: str
) -> None:
    """So a vault that is not in the answer may be there all the same."""
    subscription = estate.subscription(KEYS.rpartition("/")[2])
    if hidden == "forbidden":
        subscription.access = Access.FORBIDDEN
    elif hidden == "not listed":
        subscription.listed = False
    elif hidden == "deleted":
        subscription.state = "Deleted"
    else:
        estate.denials.add("Microsoft.KeyVault/vaults/read", VAULT)

    rows = (await asked(client, query("kv-one", "kv-two")))["data"]

    assert [row["name"] for row in rows] == (["kv-two"] if hidden == "denied" else [])


async def test_pages_without_an_order_repeat_rows_and_leave_out_others(client: Client) -> None:
    """Microsoft calls them random: who relies on them must be wrong here, too."""
    text = query("kv-one", "kv-two", "kv-three").removesuffix(" | order by id asc")
    first = await asked(client, text, **{"$top": 2})
    second = await asked(client, text, **{"$top": 2, "$skipToken": first["$skipToken"]})

    names = [row["name"] for row in (*first["data"], *second["data"])]
    assert (len(names), len(set(names)), second["totalRecords"]) == (3, 2, 3)


async def test_a_next_link_has_the_form_azure_gives_it(client: Client) -> None:
    """Escapes in lower case and an escaped dollar sign are what clients trip over.

    The second link must not carry the first one's continuation, which a client may read first.
    """
    client.simulator.arm.accounts.per_page = 1
    start = re.escape(f"{client.simulator.url}{APPS}{ACCOUNTS}?api-version=2025-09-01")
    _, first, _ = await client.get(f"{APPS}{ACCOUNTS}")

    status, last, _ = await client.get(first["nextLink"])
    unescaped, _, _ = await client.get(first["nextLink"].replace("skiptoken=", "skiptoken=+"))

    assert re.fullmatch(start + r"&%24skiptoken=([A-Za-z0-9]|%2b|%2f|%3d)+", first["nextLink"])
    assert (status, len(last["value"]), "nextLink" in last) == (200, 1, False)
    assert unescaped == 400
