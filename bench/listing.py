"""Compares a page of 1,000 findings, on the server, with a bare query of as many rows."""

import json
from typing import Any, Final

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables.aio import TableClient, TableServiceClient

from bench.counting import CountedStore, Counts
from bench.scanning import open_tables
from bench.serving import api, empty, in_turn
from cmk_check.config.settings import ConnectionString, Settings
from cmk_check.ports import Table
from cmk_check.store import table_keys

_ROUNDS: Final = 15
_TOP: Final = 1_000
_PATH: Final = f"/api/v1/findings?top={_TOP}"


async def compare_findings() -> dict[str, Any]:
    """Return times of a page and of its floor in ms, in turn, and the page's requests and rows."""
    settings = Settings.load()
    assert isinstance(settings.storage, ConnectionString)  # noqa: S101 - a bench has Azurite
    counts = Counts()
    async with (
        open_tables(settings) as (store, _),
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        whole = api(CountedStore(store, counts), settings)
        service = TableServiceClient.from_connection_string(
            settings.storage.value, transport=AioHttpTransport(session=session, session_owner=False)
        )
        table = service.get_table_client(Table.FINDINGS.value)
        answer, query, routing = await in_turn(
            _ROUNDS, lambda: whole.get(_PATH), lambda: _first_rows(table), empty()
        )
        requests = counts.table_reads / (_ROUNDS + 1)
        rows = len(json.loads(await whole.get(_PATH))["value"])
    return {
        "answers": answer,
        "floors": [sum(pair) for pair in zip(query, routing, strict=True)],
        "requests": requests,
        "rows": rows,
    }


async def _first_rows(table: TableClient) -> int:
    """Read as many findings as a page has, as azure-data-tables returns them."""
    where = f"RowKey ge '{table_keys.FINDINGS_FROM}' and RowKey lt '{table_keys.FINDINGS_TO}'"
    read = 0
    async for page in table.query_entities(where, results_per_page=_TOP).by_page():
        read += len([row async for row in page])
        if read >= _TOP:
            break
    return read
