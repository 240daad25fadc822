"""Implement the port ``Store`` over Azure Table Storage, with Azure's own client.

The adapter avoids two behaviours of the client. First, the client repeats a request if its response
was lost, so a conditional write that succeeded then conflicts with itself. Second, its
``delete_entity`` ignores a missing row. For these reasons every write, even of a single row, is a
transaction (a POST, which neither the client nor aiohttp repeats). A transaction is sent again only
if it certainly did not run.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Final, Self

from aiohttp import ClientConnectorError
from azure.core import MatchConditions
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DeserializationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
)
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.data.tables import (
    EdmType,
    EntityProperty,
    TableErrorCode,
    TransactionOperation,
    UpdateMode,
)
from azure.data.tables.aio import TableClient

from cmk_check.limits import (
    STORAGE_CONNECT_SECONDS,
    STORAGE_DEADLINE_SECONDS,
    STORAGE_READ_SECONDS,
    STORAGE_RETRIES,
    TABLE_BACK_OFF_SECONDS,
    TABLE_WRITE_PAUSES_SECONDS,
)
from cmk_check.net.storage_errors import describe, describe_refusal, get_code
from cmk_check.ports import (
    Delete,
    Entity,
    Insert,
    InventoryError,
    LimitExceeded,
    Scalar,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    Table,
    TableQuery,
    Write,
    WriteConflict,
)
from cmk_check.store import odata, table_checks
from cmk_check.store.raw_rows import RawRowsPolicy, parse_entities, parse_entity

type _Transport = AsyncHttpTransport[Any, Any]
type Operation = tuple[TransactionOperation, dict[str, Any], dict[str, Any]]

_TIMES: Final[Mapping[str, Any]] = {
    "connection_timeout": STORAGE_CONNECT_SECONDS,
    "read_timeout": STORAGE_READ_SECONDS,
}
# The policy for reads. The service never redirects; following a redirect would send the token to
# another host.
_PIPELINE: Final[Mapping[str, Any]] = {
    "retry_total": STORAGE_RETRIES,
    "retry_backoff_factor": TABLE_BACK_OFF_SECONDS,
    "permit_redirects": False,
}
# The client does not catch decoding errors: bytes that are not UTF-8, JSON nested too deeply.
_NO_ANSWER: Final = (
    *(AzureError, DeserializationError, HTTPException, TimeoutError),
    *(UnicodeDecodeError, RecursionError),
)
_TOO_MUCH: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_GONE: Final = frozenset({TableErrorCode.RESOURCE_NOT_FOUND, TableErrorCode.ENTITY_NOT_FOUND})


class AzureTables:
    """The tables of one storage account; a missing table is created on first use.

    No request takes longer than ``deadline`` seconds, including retries and pauses.
    """

    def __init__(
        self, clients: Mapping[Table, TableClient], deadline: float = STORAGE_DEADLINE_SECONDS
    ) -> None:
        self._clients = clients
        self._deadline = deadline

    @classmethod
    def open(
        cls, address: str, credential: AsyncTokenCredential | None = None, *, transport: _Transport
    ) -> Self:
        """Connect to an https endpoint with tokens for Azure Storage (same audience in all clouds).

        Without a ``credential``, ``address`` is a connection string of Azurite. The host must then
        be 127.0.0.1, because the client mistakes ``localhost`` for Cosmos DB.

        Raises:
            ValueError: the address is neither of these.
        """
        options = {**_PIPELINE, "transport": transport, "per_call_policies": [RawRowsPolicy()]}
        clients = {
            table: TableClient.from_connection_string(address, table, **options)
            if credential is None
            else TableClient(address, table, credential=credential, **options)
            for table in Table
        }
        return cls(clients)

    def within(self, deadline: float) -> "AzureTables":
        """Return these tables with another deadline; closing either object closes both."""
        return AzureTables(self._clients, deadline)

    async def get(self, table: Table, partition: str, row: str) -> Entity | None:
        """Read one row; see ``Store.get``."""
        answers: list[object] = []
        options = {"take": answers.append, **_TIMES}
        with _translating(table):
            try:
                await self._call(table, lambda client: client.get_entity(partition, row, **options))
            except ResourceNotFoundError as error:
                # A 404 for the account or the table does not mean that the row is missing.
                if get_code(error) not in _GONE:
                    raise
                return None
            entity = parse_entity(answers.pop())
            if (entity.partition, entity.row) != (partition, row):
                raise DeserializationError("The answer contains another row.")
        return entity

    async def query(self, table: Table, query: TableQuery) -> AsyncIterator[Entity]:
        """Read rows in key order; see ``Store.query``."""
        select = ["PartitionKey", "RowKey", *query.columns] if query.columns else None
        answers: list[object] = []
        for clauses in odata.ranges(query):
            text, parameters = odata.filter_of(clauses)
            pages = (
                self._clients[table]
                .query_entities(
                    text,
                    parameters=parameters,
                    results_per_page=query.page,
                    select=select,
                    take=answers.append,
                    **_TIMES,
                )
                .by_page()
            )
            while (page := await self._read_page(table, pages, answers)) is not None:
                for entity in page:
                    yield entity

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Write all rows or none; see ``Store.commit``."""
        table_checks.check(writes, partition)
        operations = [_operation(partition, write) for write in writes]
        with _translating(table, writing=True):
            answers = await self._call(table, lambda client: _send(client, operations))
        return tuple(
            "" if isinstance(write, Delete) else response["etag"]
            for write, response in zip(writes, answers, strict=True)
        )

    async def close(self) -> None:
        """Close the clients; the transport remains open if it does not own its session."""
        for client in self._clients.values():
            await client.close()

    async def _read_page(
        self, table: Table, pages: AsyncIterator[object], answers: list[object]
    ) -> list[Entity] | None:
        """Read a page, or return None after the last; the client adds its reply to ``answers``."""
        with _translating(table):
            is_last = await self._call(table, lambda _: anext(pages, None)) is None
            return None if is_last else parse_entities(answers.pop())

    async def _call[Answer](
        self, table: Table, request: Callable[[TableClient], Awaitable[Answer]]
    ) -> Answer:
        """Send a request within the deadline; if the table is missing, create it and try again."""
        client = self._clients[table]
        async with asyncio.timeout(self._deadline):
            try:
                return await request(client)
            except HttpResponseError as error:
                if get_code(error) != TableErrorCode.TABLE_NOT_FOUND:
                    raise
            try:
                await client.create_table(**_TIMES)
            except ResourceExistsError as error:
                # Another process created the table first; a table that is being deleted is also a
                # conflict.
                if get_code(error) != TableErrorCode.TABLE_ALREADY_EXISTS:
                    raise
            return await request(client)


async def _send(client: TableClient, operations: list[Operation]) -> list[Mapping[str, Any]]:
    for pause in TABLE_WRITE_PAUSES_SECONDS:
        try:
            return await client.submit_transaction(operations, retry_total=0, **_TIMES)
        except AzureError as error:
            if not _is_certainly_not_run(error):
                raise
        await asyncio.sleep(pause)
    return await client.submit_transaction(operations, retry_total=0, **_TIMES)


def _is_certainly_not_run(error: AzureError) -> bool:
    if isinstance(error, HttpResponseError):
        return (
            error.status_code == HTTPStatus.TOO_MANY_REQUESTS
            or get_code(error) == TableErrorCode.SERVER_BUSY
        )
    if isinstance(error, ServiceRequestError):
        # azure-core also raises this error for a connection that broke after the request was sent.
        return isinstance(error, ServiceRequestTimeoutError) or isinstance(
            error.inner_exception, ClientConnectorError
        )
    return False


def _operation(partition: str, write: Write) -> Operation:
    keys = {"PartitionKey": partition, "RowKey": write.row}
    if isinstance(write, Insert):
        return TransactionOperation.CREATE, _properties(write.values) | keys, {}
    condition = {"etag": write.etag, "match_condition": MatchConditions.IfNotModified}
    if isinstance(write, Delete):
        return TransactionOperation.DELETE, keys, condition
    entity = _properties(write.values) | keys
    return TransactionOperation.UPDATE, entity, condition | {"mode": UpdateMode.REPLACE}


def _properties(values: Mapping[str, Scalar]) -> dict[str, Any]:
    return {
        name: EntityProperty(value, EdmType.INT64)
        if isinstance(value, int) and not -table_checks.MAX_INT32 <= value <= table_checks.MAX_INT32
        else value
        for name, value in table_checks.remove_nones(values).items()
    }


@contextmanager
def _translating(table: Table, *, writing: bool = False) -> Iterator[None]:
    try:
        yield
    except _NO_ANSWER as error:
        raise _translate_error(error, table, writing=writing) from error


def _translate_error(error: Exception, table: Table, *, writing: bool) -> StoreError:
    status = error.status_code if isinstance(error, HttpResponseError) else None
    code = get_code(error)
    text = describe(table, error)
    if writing and (
        status == HTTPStatus.PRECONDITION_FAILED
        or (status == HTTPStatus.NOT_FOUND and code in _GONE)
        or (status == HTTPStatus.CONFLICT and code != TableErrorCode.TABLE_BEING_DELETED)
    ):
        return WriteConflict(text)
    if writing and status in _TOO_MUCH:
        return LimitExceeded(text)
    if isinstance(error, InventoryError):  # raised by the credential, with what to do
        return StoreRefused(f"{table}: {error.gap.detail}")
    if status in _REFUSED or (isinstance(error, ClientAuthenticationError) and status is None):
        return StoreRefused(describe_refusal(table, error, "Storage Table Data Contributor"))
    return StoreUnavailable(text)
