"""What other clients ask before, and beside, what our own asks: the cloud, the tenant, versions."""

import pytest

from tests.unit.local.simulator.plain_client import ACCOUNTS, GOOD, Client

pytestmark = pytest.mark.long

METADATA = "/metadata/endpoints"
DIRECTORY = "/v1.0/directoryObjects/getByIds"


async def test_the_cloud_describes_itself_to_whoever_has_no_token_yet(client: Client) -> None:
    """A client signs in with what it reads here, so it cannot be signed in before."""
    status, cloud, _ = await client.get(METADATA, version="2022-09-01", token=None)

    url = client.simulator.url
    assert (status, cloud["resourceManager"]) == (200, url)
    assert cloud["authentication"]["audiences"] == [url]
    assert client.simulator.tokens.check(
        client.simulator.tokens.issue(cloud["authentication"]["audiences"][0]).value
    )


async def test_the_cloud_names_no_host_but_itself(client: Client) -> None:
    """A client that is led to a real service would send it a token, or real data here."""
    _, _, response = await client.get(METADATA, version="2022-09-01", token=None)

    text = (await response.text()).replace(client.simulator.url, "")
    assert "://" not in text
    assert ".com" not in text


async def test_the_cloud_is_described_in_a_known_version_only(client: Client) -> None:
    """An older version is another shape, and none at all is Azure's own refusal."""
    old, _, _ = await client.get(METADATA, version="2019-05-01", token=None)
    none, _, _ = await client.get(METADATA, version=None, token=None)

    assert (old, none) == (501, 400)


async def test_the_tenant_list_holds_the_home_of_the_identity(client: Client) -> None:
    """A scanner walks from tenants to subscriptions; a managed identity has one tenant."""
    status, body, _ = await client.get("/tenants", version="2022-12-01")
    refused, _, _ = await client.get("/tenants", version="2022-12-01", token=None)

    tenant_id = client.simulator.estate.tenant_id
    assert (status, refused) == (200, 401)
    assert [each["id"] for each in body["value"]] == [f"/tenants/{tenant_id}"]
    assert body["value"][0]["tenantCategory"] == "Home"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2016-06-01", set()),
        ("2018-06-01", {"tenantId"}),
        ("2019-06-01", {"tenantId", "managedByTenants"}),
        ("2021-01-01", {"tenantId", "managedByTenants"}),
        ("2022-12-01", {"tenantId", "managedByTenants"}),
    ],
)
async def test_each_version_of_a_subscription_has_its_own_properties(
    client: Client, production: str, version: str, expected: set[str]
) -> None:
    """A client of an old version must not find by luck what Azure would not have sent."""
    _, listed, _ = await client.get("/subscriptions", version=version)
    _, one, _ = await client.get(production, version=version)

    assert one.keys() & {"tenantId", "managedByTenants"} == expected
    assert one in listed["value"]


@pytest.mark.parametrize(
    "version", ["2021-04-30", "2023-10-01-preview", "2024-10-01", "2026-05-15-preview"]
)
async def test_accounts_are_read_in_old_and_preview_versions(
    client: Client, production: str, version: str
) -> None:
    """Microsoft's own command sends a preview version, and scanners lag years behind."""
    listed, body, _ = await client.get(f"{production}{ACCOUNTS}", version=version)
    read, account, _ = await client.get(body["value"][0]["id"], version=version)

    assert (listed, read) == (200, 200)
    assert account == body["value"][0]


async def test_the_directory_names_who_has_a_role(client: Client) -> None:
    """`az role assignment list` shows names, and none of its tables without this answer."""
    estate = client.simulator.estate
    (account, *_) = (each for s in estate.subscriptions for each in s.accounts.values())
    group = estate.grants.set_group("readers", ())
    unknown = "00000000-0000-4000-8000-0000000000aa"
    body = {"ids": [str(account.principal_id).upper(), group, unknown]}

    status, answer, _ = await client.get(DIRECTORY, method="POST", version=None, body=body)

    assert status == 200
    kinds = [each["@odata.type"].rpartition(".")[2] for each in answer["value"]]
    names = [each["displayName"] for each in answer["value"]]
    assert list(zip(kinds, names, strict=True)) == [
        ("servicePrincipal", account.name),
        ("group", "readers"),
    ]


@pytest.mark.parametrize(
    ("method", "token", "status"),
    [("POST", None, 401), ("GET", GOOD, 501), ("POST", GOOD, 501)],
    ids=["no token", "another method", "another body"],
)
async def test_the_directory_answers_nothing_else(
    client: Client, method: str, token: str | None, status: int
) -> None:
    """An empty success would hide that nothing was asked."""
    answered, _, _ = await client.get(
        DIRECTORY, method=method, version=None, token=token, body={"ids": "all"}
    )

    assert answered == status
