"""A table service that answers as told, and the adapter of tables connected to it."""

import base64
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from cmk_check.ports import Entity, Store, Table, TableQuery
from cmk_check.store.azure_tables import AzureTables
from tests.contract.store.connections import connection_string, transport

TABLE = Table.FINDINGS
SECRET = base64.b64encode(b"a key that must never be seen").decode()
ROW = {"PartitionKey": "p", "RowKey": "r", "odata.etag": "e", "n": 1}

type Call = Callable[[Store], Coroutine[object, object, object]]


async def list_rows(store: Store) -> list[Entity]:
    """Read the whole table."""
    return [entity async for entity in store.query(TABLE, TableQuery())]


READS: dict[str, Call] = {"get": lambda store: store.get(TABLE, "p", "r"), "query": list_rows}
JSON = {"Content-Type": "application/json;odata=minimalmetadata"}
READ = web.Response(text=json.dumps(ROW | {"value": [ROW]}), headers=JSON)

_DEEP = b"[" * 100_000 + b"]" * 100_000
GARBAGE = {
    "no property": web.Response(body=b"{}", headers=JSON),
    "null": web.Response(body=b"null", headers=JSON),
    "a list": web.Response(body=b"[]", headers=JSON),
    "no list": web.Response(body=b'{"value": {}}', headers=JSON),
    "nothing": web.Response(body=b"", headers=JSON),
    "no UTF-8": web.Response(body=json.dumps(ROW).encode() + b"\xff", headers=JSON),
    "too deep": web.Response(body=_DEEP, headers=JSON),
    "XML": web.Response(body=b"<a/>", headers={"Content-Type": "application/atom+xml"}),
    # Not only good answers are decoded.
    "an error too deep": web.Response(status=404, body=_DEEP, headers=JSON),
    "an error without UTF-8": web.Response(status=500, body=b"\xff", headers=JSON),
}


@dataclass
class Service:
    """A table service that answers as told, the last answer for ever after."""

    answers: list[web.Response | None]
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Give the next answer; None breaks the connection once the request is in."""
        await request.read()
        self.asked.append(request.method)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


@asynccontextmanager
async def tables_of(
    *answers: web.Response | None, deadline: float = 30
) -> AsyncIterator[tuple[AzureTables, Service]]:
    """Serve these answers, and connect to them."""
    service = Service(list(answers))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    text = connection_string(runner.addresses[0][1], SECRET)
    try:
        async with transport() as shared:
            tables = AzureTables.by_connection_string(text, transport=shared)
            yield tables.within(deadline), service
    finally:
        await runner.cleanup()
