"""The operations of Azure's packages: a later version may rename one, or request another URL."""

from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient
from azure.mgmt.subscription.aio import SubscriptionClient

from tests.unit.inventory.fake_transport import ARM, Wire, reader_over

_ID = "8d3c0000-0000-4000-8000-000000000001"


async def test_url_of_an_operation_is_formed_by_the_sdk_without_a_request() -> None:
    """Without it, each subscription would be a gap after an upgrade of a package."""
    wire = Wire(lambda *_: {"value": []})
    reader = reader_over(wire)

    urls = (
        await reader.list_url(SubscriptionClient, lambda client: client.subscriptions.list()),
        await reader.list_url(
            CognitiveServicesManagementClient, lambda client: client.accounts.list(), _ID
        ),
    )

    assert [url.partition("?api-version=")[0] for url in urls] == [
        f"{ARM}/subscriptions",
        f"{ARM}/subscriptions/{_ID}/providers/Microsoft.CognitiveServices/accounts",
    ]
    assert wire.asked == []
