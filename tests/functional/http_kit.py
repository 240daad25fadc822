"""A plain HTTP client for requests that no well-behaved client sends, and the routes there are."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

# Far more than any answer takes, on a machine that is busy with something else too.
PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API, as its own document describes it."""

    id: str
    method: str
    path: str
    is_anonymous: bool
    query: tuple[str, ...]

    def at(self, **values: str) -> str:
        """Return the path with these values, which are encoded already."""
        return self.path.format_map(values)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, as it came; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:  # noqa: ANN401 - that is what JSON is
        """The body."""
        return json.loads(self.body)

    @property
    def is_enveloped(self) -> bool:
        """Whether it is an error in the shape that the contract has for all of them."""
        if self.headers.get("content-type") != "application/json; charset=utf-8":
            return False
        error = self.json.get("error", {})
        return (
            set(self.json) == {"error"}
            and set(error) == {"code", "message", "target"}
            and bool(error["code"])
            and bool(error["message"])
        )


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield the operations of an OpenAPI document."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            parameters = operation.get("parameters", ())
            yield Operation(
                operation["operationId"],
                method.upper(),
                path,
                operation.get("security", document["security"]) == [],
                tuple(each["name"] for each in parameters if each["in"] == "query"),
            )


class Client:
    """A client in a ``with`` block that keeps its connection, and gives nothing and mends nothing.

    It sends the headers it is given, and of its own only Host and Content-Length.
    """

    def __init__(self, origin: str) -> None:
        self._host = urlsplit(origin).netloc
        self._connection = http.client.HTTPConnection(self._host, timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """Send one request.

        Raises:
            TimeoutError: nothing came for so long that nothing will.

        """
        started = time.monotonic()
        self._connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"host": self._host, **(headers or {})}.items():
            self._connection.putheader(name, value.encode("latin-1"))
        if body:
            self._connection.putheader("content-length", str(len(body)))
        self._connection.endheaders(body or None)
        with self._connection.getresponse() as answer:
            content = answer.read()
        if answer.will_close:
            self._connection.close()
        given = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, given, content, time.monotonic() - started)
