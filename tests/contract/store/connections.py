"""Connections to Azurite's tables, by key and by token, as the app makes them to Azure's."""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import aiohttp
import jwt
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables.aio import TableServiceClient

from cmk_check.ports import Table
from cmk_check.store.azure_tables import AzureTables


class UnsignedTokens:
    """A credential whose tokens Azurite accepts, as it checks no signature."""

    def __init__(self, audience: str = "https://storage.azure.com") -> None:
        self.scopes: list[str] = []
        self._audience = audience

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:
        """Return a token that is good for an hour."""
        self.scopes += scopes
        now = int(time.time())
        claims = {
            "iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000001/",
            "aud": self._audience,
            "iat": now,
            "nbf": now - 60,
            "exp": now + 3600,
        }
        return AccessToken(jwt.encode(claims, key="", algorithm="none"), now + 3600)

    async def close(self) -> None:
        """Do nothing."""

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Do nothing."""


@asynccontextmanager
async def transport(authority: Path | None = None) -> AsyncIterator[AioHttpTransport]:
    """Build the transport that the app shares between its clients."""
    context = ssl.create_default_context(cafile=authority) if authority else True
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as session:
        yield AioHttpTransport(session=session, session_owner=False)


def connection_string(port: int, key: str) -> str:
    """Return a connection string for a table service on this port."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};"
        f"TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1"
    )


@asynccontextmanager
async def tables_by_key(connection_string: str) -> AsyncIterator[AzureTables]:
    """Connect with a connection string to an account without tables."""
    async with transport() as shared:
        await _drop_tables(
            TableServiceClient.from_connection_string(connection_string, transport=shared)
        )
        tables = AzureTables.open(connection_string, transport=shared)
        yield tables
        await tables.close()


@asynccontextmanager
async def tables_by_token(url: str, authority: Path) -> AsyncIterator[AzureTables]:
    """Connect with tokens to an account without tables."""
    credential = UnsignedTokens()
    async with transport(authority) as shared:
        await _drop_tables(TableServiceClient(url, credential=credential, transport=shared))
        tables = AzureTables.open(url, credential, transport=shared)
        yield tables
        await tables.close()


async def _drop_tables(service: TableServiceClient) -> None:
    for table in Table:
        await service.delete_table(table)
