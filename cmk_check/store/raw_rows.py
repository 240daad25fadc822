"""Takes rows as the table service wrote them, past the models of Azure's client.

The client goes through each row twice, to deserialize and to convert each value, which takes
several times as long as all that is done with a row here, and trusts that the answer is a row. It
still signs, sends, repeats and pages.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from azure.core.exceptions import DeserializationError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import ContentDecodePolicy, SansIOHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from cmk_check.ports import Entity, Scalar
from cmk_check.store.table_checks import is_no_text

type Request = PipelineRequest[HttpRequest]
type Response = PipelineResponse[HttpRequest, AsyncHttpResponse]

_TAKE: Final = "take"
_TYPE: Final = "@odata.type"
_ETAG: Final = "odata.etag"
# Each row has them besides its values.
_NO_VALUES: Final = frozenset({"PartitionKey", "RowKey", "Timestamp"})
# JSON has these as they are, and one of 64 bits as a text; the service names a type where JSON does
# not tell it. This version writes no values of other types, and needs only texts: a row in which
# such a value is needed is broken.
_INT64: Final = "Edm.Int64"
_PLAIN: Final = frozenset({None, "Edm.String", "Edm.Int32", "Edm.Boolean"})


class RawRowsPolicy(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Passes the answer of a read to its option ``take``; the client gets a page without rows.

    The policy must come before the one that decodes answers.
    """

    def on_request(self, request: Request) -> None:
        """Keep whom to pass the answer to, out of the client's options."""
        request.context[_TAKE] = request.context.options.pop(_TAKE, None)

    def on_response(self, request: Request, response: Response) -> None:
        """Pass the answer on."""
        take = request.context[_TAKE]
        if take is not None and response.http_response.status_code == HTTPStatus.OK:
            take(response.context.get(ContentDecodePolicy.CONTEXT_NAME))
            response.context[ContentDecodePolicy.CONTEXT_NAME] = {"value": []}


def entities_of(page: object) -> list[Entity]:
    """Return the rows of a page.

    Raises:
        DeserializationError: the answer is not a page of rows, and must not pass for none.

    """
    rows = page.get("value") if isinstance(page, dict) else None
    if not isinstance(rows, list):
        raise DeserializationError("The answer is not a page of rows.")
    return [entity_of(row) for row in rows]


def entity_of(row: object) -> Entity:
    """Return a row.

    Raises:
        DeserializationError: it is not an object, or lacks a key, or its number is a word.

    """
    known: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
    partition, key = known.get("PartitionKey"), known.get("RowKey")
    if not isinstance(partition, str) or not isinstance(key, str):
        raise DeserializationError("A row of the answer is not one.")
    try:
        values = MappingProxyType(dict(_values(known)))
    except ValueError as error:
        raise DeserializationError("A number of a row is not one.") from error
    return Entity(partition, key, _etag(known), values)


def _etag(row: Mapping[str, Any]) -> str:
    """Return the ETag, from the time of the last write where the service does not name it."""
    etag, written = row.get(_ETAG), row.get("Timestamp")
    if isinstance(etag, str):
        return etag
    return f"W/\"datetime'{quote(written)}'\"" if isinstance(written, str) else ""


def _values(row: Mapping[str, Any]) -> Iterator[tuple[str, Scalar]]:
    for name, value in row.items():
        # The service annotates with names that have a dot, which no column's name has.
        if isinstance(value, str | int) and "." not in name and name not in _NO_VALUES:
            of_type = row.get(f"{name}{_TYPE}")
            if of_type in _PLAIN and not (isinstance(value, str) and is_no_text(value)):
                yield name, value
            elif of_type == _INT64:
                yield name, int(value)
