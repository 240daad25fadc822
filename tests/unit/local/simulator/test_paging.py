"""Lists come in pages, some of them empty, and every link has to be followed as it was given."""

import re

from tests.unit.local.simulator.plain_client import ACCOUNTS, Client


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


async def test_accounts_of_a_group_are_paged_too(client: Client, sandbox: str) -> None:
    """The list of a group is another route with the same links."""
    client.simulator.arm.accounts.per_page = 5
    pages = await client.walk(f"{sandbox}/resourcegroups/RG-RESEARCH{ACCOUNTS}")

    assert [len(page) for page in pages] == [5, 3]
