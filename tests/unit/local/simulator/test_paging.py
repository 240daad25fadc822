"""Lists come in pages, some of them empty, and every link has to be followed as it was given."""

import re

from local.simulator import AccountSpec
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client


async def test_a_walk_meets_every_account_once_and_an_empty_page(
    client: Client, sandbox: str
) -> None:
    """Azure sends empty pages with a nextLink; who stops there loses accounts."""
    pages = await client.walk(f"{sandbox}{ACCOUNTS}")

    assert [len(page) for page in pages] == [4, 0, 5]
    names = [account["name"] for page in pages for account in page]
    assert len(set(names)) == 9


async def test_a_next_link_has_the_form_azure_gives_it(client: Client, sandbox: str) -> None:
    """Escapes in lower case and an escaped dollar sign are what clients trip over."""
    _, body, _ = await client.get(f"{sandbox}{ACCOUNTS}")

    start = re.escape(f"{client.simulator.url}{sandbox}{ACCOUNTS}?api-version=2025-09-01")
    assert re.fullmatch(start + r"&%24skiptoken=([A-Za-z0-9]|%2b|%2f|%3d)+", body["nextLink"])


async def test_a_page_in_the_middle_carries_one_continuation(client: Client, sandbox: str) -> None:
    """Its own must not come along into the next, which a client may read first."""
    _, first, _ = await client.get(f"{sandbox}{ACCOUNTS}")
    _, middle, _ = await client.get(first["nextLink"])

    assert middle["nextLink"].count("skiptoken=") == 1
    assert middle["nextLink"].count("api-version=") == 1


async def test_an_unescaped_continuation_is_refused(client: Client, sandbox: str) -> None:
    """A plus that arrives as a space must not work by luck."""
    _, body, _ = await client.get(f"{sandbox}{ACCOUNTS}")
    broken = body["nextLink"].replace("skiptoken=", "skiptoken=+")
    status, _, _ = await client.get(broken)

    assert status == 400


async def test_subscriptions_are_paged_by_the_size_asked_for(client: Client) -> None:
    """An estate of thousands comes in pages; three are enough to prove it."""
    client.simulator.arm.subscriptions_per_page = 2
    pages = await client.walk("/subscriptions", version="2022-12-01")

    assert [len(page) for page in pages] == [2, 1]


async def test_accounts_of_a_group_are_paged_too(client: Client, sandbox: str) -> None:
    """The list of a group is another route with the same links."""
    client.simulator.arm.accounts.per_page = 5
    pages = await client.walk(f"{sandbox}/resourcegroups/RG-RESEARCH{ACCOUNTS}")

    assert [len(page) for page in pages] == [5, 3]


async def test_changes_are_seen_by_the_next_request(client: Client, production: str) -> None:
    """Tests turn one account green or red between two scans."""
    subscription = client.simulator.estate.subscription(production.rpartition("/")[2])
    await client.walk(f"{production}{ACCOUNTS}")
    subscription.accounts["fraud-scoring"].set_kind("AIServices")
    subscription.accounts["fraud-scoring"].set_encryption(None)
    subscription.accounts["claims-assistant"].remove_encryption()
    subscription.accounts["policy-search"].replace("no object")
    subscription.remove_account("callcentre-speech")
    subscription.add_account(AccountSpec(name="new", group="rg-new"))

    [page] = await client.walk(f"{production}{ACCOUNTS}")
    by_name = {entry["name"]: entry for entry in page if isinstance(entry, dict)}
    assert by_name["fraud-scoring"]["kind"] == "AIServices"
    assert by_name["fraud-scoring"]["properties"]["encryption"] is None
    assert "encryption" not in by_name["claims-assistant"]["properties"]
    assert "no object" in page
    assert "callcentre-speech" not in by_name
    assert page[-1]["name"] == "new"


async def test_a_hidden_subscription_is_not_listed(client: Client, production: str) -> None:
    """One that is no longer listed must be told from one that has no accounts."""
    client.simulator.estate.subscription(production.rpartition("/")[2]).listed = False
    [page] = await client.walk("/subscriptions", version="2022-12-01")

    assert production not in [entry["id"] for entry in page]
