"""What other clients ask before, and beside, what our own asks: the cloud, the tenant, versions."""

import pytest

from tests.unit.local.simulator.plain_client import GOOD, Client

pytestmark = pytest.mark.long

METADATA = "/metadata/endpoints"
DIRECTORY = "/v1.0/directoryObjects/getByIds"


async def test_the_cloud_names_no_host_but_itself(client: Client) -> None:
    """A client that is led to a real service would send it a token, or real data here."""
    _, _, response = await client.get(METADATA, version="2022-09-01", token=None)

    text = (await response.text()).replace(client.simulator.url, "")
    assert "://" not in text
    assert ".com" not in text


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
