"""What the table adapter makes of the answers of a service, and of no answer at all."""

import asyncio
import base64
import json
import socket
import time
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from azure.core.credentials import AccessToken

from cmk_check.core.reasons.connection_sentences import NOBODY_SIGNED_IN
from cmk_check.inventory.credential import SignInFailed
from cmk_check.ports import (
    Entity,
    Insert,
    LimitExceeded,
    Store,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    Table,
    TableQuery,
)
from cmk_check.store.azure_tables import AzureTables
from local.azurite import Azurite
from tests.contract.conftest import GENEROUS_SECONDS, Https
from tests.contract.store.connections import UnsignedTokens, connection_string, transport

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
            tables = AzureTables.open(text, transport=shared)
            yield tables.within(deadline), service
    finally:
        await runner.cleanup()


COMMIT: dict[str, Call] = {"commit": lambda store: store.commit(TABLE, "p", [Insert("r", {})])}
CALLS = READS | COMMIT

# The client asks an element of XML for its truth value.
_XML_ERRORS = pytest.mark.filterwarnings("ignore:Testing an element:DeprecationWarning")


def _failed(status: int, code: str, **headers: str) -> web.Response:
    body = {"odata.error": {"code": code, "message": {"lang": "en", "value": f"said {SECRET}"}}}
    return web.Response(status=status, text=json.dumps(body), headers=headers | JSON)


WRITTEN = web.Response(
    status=202,
    headers={"Content-Type": "multipart/mixed; boundary=batch"},
    body=b"--batch\r\nContent-Type: multipart/mixed; boundary=set\r\n\r\n"
    b"--set\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    b"HTTP/1.1 204 No Content\r\nETag: new\r\n\r\n\r\n--set--\r\n--batch--\r\n",
)


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_service_that_is_down_is_unavailable_soon(call: Call) -> None:
    """A worker must fail within its delivery, and be told what to do with it."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        text = connection_string(closed.getsockname()[1], SECRET)
    started = time.monotonic()

    async with transport() as shared:
        tables = AzureTables.open(text, transport=shared)
        with pytest.raises(StoreUnavailable) as raised:
            await call(tables)

    assert time.monotonic() - started < GENEROUS_SECONDS
    assert SECRET not in _told(raised.value)


@_XML_ERRORS
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_wrong_key_is_refused_without_being_named(azurite: Azurite, call: Call) -> None:
    """Whoever reads the log learns what to grant, and no secret."""
    text = azurite.connection_string.replace("AccountKey=Eby8", "AccountKey=AAAA")
    async with transport() as shared:
        with pytest.raises(StoreRefused, match="Storage Table Data Contributor") as raised:
            await call(AzureTables.open(text, transport=shared))

    key = text.partition("AccountKey=")[2].partition(";")[0]
    assert key not in _told(raised.value)


@_XML_ERRORS
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_wrong_token_is_refused_without_being_named(
    azurite_https: Https, call: Call
) -> None:
    """Whoever reads the log learns what to grant, and no token; its audience is Azure Storage."""
    url = azurite_https.azurite.table_url
    credential = UnsignedTokens(audience="https://elsewhere.example")
    async with transport(azurite_https.authority) as shared:
        with pytest.raises(StoreRefused, match="Storage Table Data Contributor") as raised:
            await call(AzureTables.open(url, credential, transport=shared))

    assert set(credential.scopes) == {"https://storage.azure.com/.default"}
    token = (await credential.get_token()).token
    assert token.split(".")[1][:40] not in _told(raised.value)


class SignedOut(UnsignedTokens):
    """The shared credential of an app whose managed identity is not there."""

    async def get_token(self, *_: str, **__: object) -> AccessToken:
        """Refuse."""
        raise SignInFailed(NOBODY_SIGNED_IN)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_credential_without_a_token_is_a_store_error(call: Call) -> None:
    """A scan, an answer and a telling know what to do then; anything else they would not catch."""
    async with transport() as shared:
        tables = AzureTables.open("https://127.0.0.1:1", SignedOut(), transport=shared)
        with pytest.raises(StoreRefused, match="not signed in"):
            await call(tables)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(_failed(500, "InternalError"), StoreUnavailable, id="500"),
        pytest.param(_failed(503, "ServerBusy"), StoreUnavailable, id="busy"),
        pytest.param(_failed(429, "TooManyRequests"), StoreUnavailable, id="429"),
        pytest.param(_failed(409, "TableBeingDeleted"), StoreUnavailable, id="deleting"),
        pytest.param(_failed(404, "AccountNotFound"), StoreUnavailable, id="no account"),
        pytest.param(_failed(404, "TableNotFound"), StoreUnavailable, id="no table"),
        pytest.param(_failed(403, "AuthorizationPermissionMismatch"), StoreRefused, id="no role"),
        pytest.param(_failed(403, "AuthorizationFailure"), StoreRefused, id="firewall"),
        pytest.param(_failed(401, "NoAuthenticationInformation"), StoreRefused, id="401"),
        pytest.param(web.Response(text="<html>a proxy</html>"), StoreUnavailable, id="proxy"),
        pytest.param(web.Response(text="{", headers=JSON), StoreUnavailable, id="cut"),
    ],
)
async def test_every_answer_that_is_none_becomes_one_of_our_errors(
    call: Call, answer: web.Response, error: type[StoreError]
) -> None:
    """No error of the client leaves the edge, nor the service's words: they hold signatures."""
    async with tables_of(answer) as (tables, _):
        with pytest.raises(error) as raised:
            await call(tables)

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "EntityTooLarge"), (400, "PropertyNameInvalid"), (413, "RequestBodyTooLarge")],
)
async def test_a_limit_we_do_not_know_is_a_limit_all_the_same(status: int, code: str) -> None:
    """Trying again would not help."""
    async with tables_of(_failed(status, code)) as (tables, _):
        with pytest.raises(LimitExceeded, match=code):
            await tables.commit(TABLE, "p", [Insert("r", {})])


@pytest.mark.parametrize(
    "answer", [None, _failed(500, "OperationTimedOut")], ids=["lost", "failed inside the service"]
)
async def test_a_write_that_may_have_been_done_is_not_sent_again(
    answer: web.Response | None,
) -> None:
    """Sent again, it would take itself for somebody else."""
    async with tables_of(answer) as (tables, service):
        with pytest.raises(StoreUnavailable):
            await tables.commit(TABLE, "p", [Insert("r", {})])

    assert service.asked == ["POST"]


@pytest.mark.parametrize(
    "busy", [_failed(503, "ServerBusy"), _failed(429, "TooManyRequests")], ids=["503", "429"]
)
async def test_a_write_that_was_turned_away_is_sent_again(busy: web.Response) -> None:
    """Throttling is an everyday answer, and such a write certainly did not happen."""
    async with tables_of(busy, WRITTEN) as (tables, service):
        assert await tables.commit(TABLE, "p", [Insert("r", {})]) == ("new",)

    assert service.asked == ["POST", "POST"]


@pytest.mark.parametrize("call", READS.values(), ids=READS)
@pytest.mark.parametrize("trouble", [None, _failed(503, "ServerBusy")], ids=["lost", "busy"])
async def test_a_read_is_tried_again(call: Call, trouble: web.Response | None) -> None:
    """Reading twice harms nobody."""
    async with tables_of(trouble, READ) as (tables, service):
        assert await call(tables)

    assert len(service.asked) == 2


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_service_that_asks_to_wait_for_an_hour_is_unavailable_now(call: Call) -> None:
    """The client would sleep; the invocation would be killed asleep."""
    answer = _failed(503, "ServerBusy", **{"Retry-After": "3600"})
    async with tables_of(answer, deadline=0.2) as (tables, _):
        async with asyncio.timeout(3):
            with pytest.raises(StoreUnavailable):
                await call(tables)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_redirect_is_not_followed(call: Call) -> None:
    """The service sends none, and the token would go to wherever it points."""
    elsewhere = web.Response(status=307, headers={"Location": "/elsewhere"})
    async with tables_of(elsewhere, READ) as (tables, service):
        with pytest.raises(StoreUnavailable):
            await call(tables)

    assert len(service.asked) == 1


async def test_pages_without_rows_are_gone_through() -> None:
    """The service may return no row and a continuation."""
    empty = web.Response(
        text='{"value": []}', headers=JSON | {"x-ms-continuation-NextPartitionKey": "p"}
    )
    async with tables_of(empty, empty, READ) as (tables, service):
        found = [entity async for entity in tables.query(TABLE, TableQuery())]

    assert [entity.values for entity in found] == [{"n": 1}]
    assert service.asked == ["GET"] * 3


@pytest.mark.parametrize("call", READS.values(), ids=READS)
@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
async def test_an_answer_that_is_no_row_is_neither_none_nor_a_crash(
    call: Call, answer: web.Response
) -> None:
    """A proxy's answer must not make an estate without accounts, nor an error of ours."""
    async with tables_of(answer, deadline=1) as (tables, _):
        with pytest.raises(StoreUnavailable):
            await call(tables)


async def test_the_answer_to_a_write_may_be_garbage() -> None:
    """Whether it was written, nobody knows."""
    async with tables_of(GARBAGE["too deep"]) as (tables, _):
        with pytest.raises(StoreUnavailable):
            await tables.commit(TABLE, "p", [Insert("r", {})])


async def test_a_point_read_brings_the_row_it_asked_for() -> None:
    """The status of the estate is one."""
    other = web.Response(text=json.dumps(ROW | {"RowKey": "q"}), headers=JSON)
    async with tables_of(other) as (tables, _):
        with pytest.raises(StoreUnavailable):
            await tables.get(TABLE, "p", "r")
