"""A queue trigger's connection means the storage that it would mean on Azure."""

import pytest

from local.azurite import ACCOUNT, KEY
from local.functions_host.app_settings import AppSettings
from local.functions_host.errors import StartError
from local.functions_host.queue_connections import QueueConnections

pytestmark = pytest.mark.long

_URI = "https://account.queue.core.windows.net"
_TEXT = f"AccountName={ACCOUNT};AccountKey={KEY};QueueEndpoint=http://127.0.0.1:7/{ACCOUNT}"


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        pytest.param(
            {"STORE": "UseDevelopmentStorage=true;"},
            f"http://127.0.0.1:10001/{ACCOUNT}",
            id="development storage",
        ),
        pytest.param({"STORE__queueServiceUri": _URI}, _URI, id="queue service"),
        pytest.param({"store:QUEUESERVICEURI": _URI}, _URI, id="any case and separator"),
        pytest.param(
            {"STORE": _TEXT, "AzureWebJobsSTORE__queueServiceUri": _URI}, _URI, id="host's own name"
        ),
        pytest.param(
            {
                "STORE__queueServiceUri": _URI,
                "STORE__credential": "managedidentity",
                "STORE__clientId": "0d0f6bb4-5d0e-4a63-9f0b-3c1f6f5a2b11",
            },
            _URI,
            id="managed identity",
        ),
    ],
)
async def test_a_connection_resolves(settings: dict[str, str], url: str) -> None:
    """Bicep writes one of these forms, the example file another."""
    async with QueueConnections(AppSettings(settings)) as connections:
        queue = await connections.queue("STORE", "orders")

        assert queue.url == f"{url}/orders"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        pytest.param({}, "STORE is not set: set STORE", id="nothing"),
        pytest.param(
            {"STORE__queueServiceUri": _URI, "STORE__credential": "key"},
            "STORE__credential must be managedidentity",
            id="credential",
        ),
    ],
)
async def test_a_connection_that_does_not_resolve_says_what_to_set(
    settings: dict[str, str], told: str
) -> None:
    """On Azure the function would only stay silent."""
    async with QueueConnections(AppSettings(settings)) as connections:
        with pytest.raises(StartError, match=told):
            await connections.queue("STORE", "orders")
