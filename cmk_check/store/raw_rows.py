"""Read rows as the table service sends them, bypassing the models of Azure's client.

The client processes each row twice, to deserialize it and to convert its values. This takes several
times as long as this program's own work on a row, and does not check that the response is a row.
The client still signs, sends, retries and pages.
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
# Each row has these properties besides its values.
_NO_VALUES: Final = frozenset({"PartitionKey", "RowKey", "Timestamp"})
# JSON contains plain types as they are and a 64-bit number as a string; the service names a type if
# JSON does not imply it. This program writes no other types; a row with another type instead of a
# string is broken.
_SCALARS: Final = (str, int)
_INT64: Final = "Edm.Int64"
_PLAIN: Final = frozenset({None, "Edm.String", "Edm.Int32", "Edm.Boolean"})


class RawRowsPolicy(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Passes the response of a read to the callback ``take``; the client gets an empty page.

    The policy must precede the policy that decodes responses.
    """

    def on_request(self, request: Request) -> None:
        """Move the callback from the client's options to the request's context."""
        request.context[_TAKE] = request.context.options.pop(_TAKE, None)

    def on_response(self, request: Request, response: Response) -> None:
        """Pass the response to the callback."""
        take = request.context[_TAKE]
        if take is not None and response.http_response.status_code == HTTPStatus.OK:
            take(response.context.get(ContentDecodePolicy.CONTEXT_NAME))
            response.context[ContentDecodePolicy.CONTEXT_NAME] = {"value": []}


def parse_entities(page: object) -> list[Entity]:
    """Return the rows of a page.

    Raises:
        DeserializationError: the response is not a page of rows, and must not count as an empty
            page.
    """
    rows = page.get("value") if isinstance(page, dict) else None
    if not isinstance(rows, list):
        raise DeserializationError("The answer is not a page of rows.")
    return [parse_entity(row) for row in rows]


def parse_entity(row: object) -> Entity:
    """Return a row.

    Raises:
        DeserializationError: the row is not an object, lacks a key, or has an invalid number.
    """
    members: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
    partition, key = members.get("PartitionKey"), members.get("RowKey")
    if not isinstance(partition, str) or not isinstance(key, str):
        raise DeserializationError("The answer has a row without keys.")
    try:
        values = MappingProxyType(dict(_values(members)))
    except ValueError as error:
        raise DeserializationError("A row of the answer has an invalid number.") from error
    return Entity(partition, key, _etag(members), values)


def _etag(row: Mapping[str, Any]) -> str:
    """Return the ETag, built from the time of the last write if the response has none."""
    etag, written = row.get(_ETAG), row.get("Timestamp")
    if isinstance(etag, str):
        return etag
    return f"W/\"datetime'{quote(written)}'\"" if isinstance(written, str) else ""


def _values(row: Mapping[str, Any]) -> Iterator[tuple[str, Scalar]]:
    # Names of the service's annotations contain a dot; names of columns never contain a dot.
    types = {name.removesuffix(_TYPE): value for name, value in row.items() if "." in name}
    for name, value in row.items():
        if "." in name or name in _NO_VALUES or not isinstance(value, _SCALARS):
            continue
        of_type = types.get(name)
        if of_type in _PLAIN and not (isinstance(value, str) and is_no_text(value)):
            yield name, value
        elif of_type == _INT64:
            yield name, int(value)
