"""The clouds of Azure: their addresses are those of the SDK and of the documents."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Self

import aiohttp
import pytest
from azure.core import AzureClouds
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity import AzureAuthorityHosts
from azure.mgmt.core.tools import get_arm_endpoints

from cmk_check.config.clouds import CLOUDS
from cmk_check.config.settings import Settings
from cmk_check.inventory.credential import open_credential
from cmk_check.ports import Table
from cmk_check.queues.storage_queue import StorageQueues
from cmk_check.store.azure_tables import AzureTables
from tests.guard.documents import SETTINGS, table

STORAGE_SCOPE: Final = "https://storage.azure.com/.default"
# What docs/settings.md says of each cloud: its address, scope, authority, portal and storage.
DOCUMENTED: Final = {name.strip("`"): row for name, *row in table(SETTINGS, "cloud")}
SUFFIXES: Final = {name: row[-1].strip("`") for name, row in DOCUMENTED.items()}


class ScopeAskedForError(Exception):
    """Ends a call as soon as it asks for a token."""


class _Asked:
    """A credential that tells which scope it was asked for, and gives none."""

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:
        raise ScopeAskedForError(*scopes)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


async def _read_a_row(suffix: str, transport: AioHttpTransport) -> None:
    url = f"https://account.table.{suffix}"
    tables = AzureTables.open(url, _Asked(), transport=transport)
    await tables.get(Table.SCANS, "scan", "current")


async def _send_a_message(suffix: str, transport: AioHttpTransport) -> None:
    url = f"https://account.queue.{suffix}"
    queues = StorageQueues.open(url, _Asked(), transport=transport)
    await queues.queue("cmk-slices").send(["{}"])


@pytest.mark.parametrize("call", [_read_a_row, _send_a_message], ids=["tables", "queues"])
@pytest.mark.parametrize("suffix", SUFFIXES.values(), ids=SUFFIXES)
async def test_storage_takes_tokens_for_the_same_audience_in_every_cloud(
    suffix: str, call: Callable[[str, AioHttpTransport], Awaitable[None]]
) -> None:
    """storage.azure.us and .cn, which the SDK offers, are unknown to the tenants of these clouds.

    See https://github.com/Azure/azure-sdk-for-go/issues/25542.
    """
    async with aiohttp.ClientSession() as session:
        transport = AioHttpTransport(session=session, session_owner=False)
        with pytest.raises(ScopeAskedForError) as asked:
            await call(suffix, transport)

    assert asked.value.args == (STORAGE_SCOPE,)


@asynccontextmanager
async def _proxy() -> AsyncIterator[tuple[str, asyncio.Future[str]]]:
    """Give a proxy's address, and the first host that somebody wants to reach through it."""
    wanted = asyncio.get_running_loop().create_future()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, target, *_ = (await reader.readline()).decode().split()
        if not wanted.done():
            wanted.set_result(target.removesuffix(":443"))
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(refuse, "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", wanted


@pytest.mark.parametrize(
    ("cloud", "sdk_cloud", "authority"),
    [
        ("public", AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD),
        ("usgov", AzureClouds.AZURE_US_GOVERNMENT, AzureAuthorityHosts.AZURE_GOVERNMENT),
        ("china", AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA),
    ],
)
def test_clouds_are_the_sdks_own_and_documented(
    cloud: str, sdk_cloud: AzureClouds, authority: str
) -> None:
    """They are here so that the SDK need not be loaded, and in the document for firewalls."""
    ours = Settings.load_for_scan(environ={"CMK_CLOUD": cloud}).addresses

    theirs = get_arm_endpoints(sdk_cloud)
    assert ours.arm_url == theirs["resource_manager"].rstrip("/")
    assert [ours.token_scope] == theirs["credential_scopes"]
    assert ours.authority_host == authority
    assert DOCUMENTED.keys() == CLOUDS.keys()
    assert [cell.strip("`") for cell in DOCUMENTED[cloud][:-1]] == [
        ours.arm_url.removeprefix("https://"),
        ours.token_scope.removesuffix("/.default"),
        ours.authority_host,
        ours.portal_url.removeprefix("https://"),
    ]


@pytest.mark.parametrize("name", CLOUDS)
async def test_a_laptop_signs_in_at_the_authority_of_its_cloud(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The public cloud's authority issues no token for another, and must not see its secrets."""
    async with _proxy() as (address, wanted):
        monkeypatch.setenv("HTTPS_PROXY", address)
        for word in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"):
            monkeypatch.setenv(f"AZURE_{word}", "00000000-0000-4000-8000-00000000beef")
        credential = open_credential(Settings.load_for_scan(environ={"CMK_CLOUD": name}), None)
        asking = asyncio.create_task(credential.get_token_info(CLOUDS[name].token_scope))
        async with asyncio.timeout(10):
            host = await wanted
        asking.cancel()
        await asyncio.wait([asking])
        await credential.close()

    assert host == CLOUDS[name].authority_host
