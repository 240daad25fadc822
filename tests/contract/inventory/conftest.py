"""The real SDK and the real credential against the simulator, over TLS."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from azure.identity.aio import ManagedIdentityCredential

from cmk_check.config.settings import Settings
from cmk_check.core.account import Subscription as Listed
from cmk_check.core.resource_id import AccountId
from cmk_check.inventory.azure_inventory import AzureInventory
from cmk_check.inventory.http_session import LimitedResponse, share_transport
from local.simulator.estate import Estate
from local.simulator.faults import Answer
from local.simulator.simulator import Simulator
from tests.contract.inventory.azure_kit import Azure

SUBSCRIPTION = "8d3c0000-0000-4000-8000-000000000001"
LISTED = Listed(SUBSCRIPTION)
GRAPH = "/providers/Microsoft.ResourceGraph/resources"
ACCOUNTS = f"*/{SUBSCRIPTION}/providers/Microsoft.CognitiveServices/accounts"


def account_id(name: str, group: str = "rg") -> AccountId:
    """Return the id of an account in the subscription."""
    path = f"resourceGroups/{group}/providers/Microsoft.CognitiveServices/accounts/{name}"
    found = AccountId.parse(f"/subscriptions/{SUBSCRIPTION}/{path}")
    assert found is not None
    return found


def graph_answer(*rows: object, truncated: bool = False) -> Answer:
    """Return the whole answer to a query of Resource Graph."""
    truth = "true" if truncated else "false"
    return Answer(body={"data": [*rows], "totalRecords": len(rows), "resultTruncated": truth})


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Azure with one empty subscription, two accounts a page."""
    estate = Estate()
    estate.add_subscription(SUBSCRIPTION, "Production")
    with Simulator(estate, accounts_per_page=2) as running:
        yield running


@pytest.fixture
async def inventory(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AzureInventory]:
    """The inventory as the app has it, but with short pauses and trust in the simulator."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", simulator.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", simulator.identity_header)
    connector = aiohttp.TCPConnector(ssl=simulator.client_ssl())
    session = aiohttp.ClientSession(connector=connector, response_class=LimitedResponse)
    async with session:
        transport = share_transport(session)
        environ = {
            "CMK_ARM_URL": simulator.url,
            "CMK_TAGS": "owner",
            "CMK_OWNER_TAGS": "owner,contact",
            "CMK_MAX_IN_FLIGHT": "8",
        }
        settings = Settings.load_for_scan(environ=environ)
        credential = ManagedIdentityCredential(transport=transport)
        opened = AzureInventory(settings, credential, transport, session.close, back_off=0.01)
        yield opened
        await opened.close()


@pytest.fixture
def azure(simulator: Simulator, inventory: AzureInventory) -> Azure:
    """Accounts here, vaults there, and what reads them."""
    return Azure(simulator, inventory)
