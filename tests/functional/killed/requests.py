"""What a request to the storage wants, read from its bytes alone.

Shapes: entity group transactions (learn.microsoft.com, "Performing entity group transactions") and
"Put Message" and "Get Messages" of the queue service.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

_OPERATION: Final = re.compile(rb"^(POST|PUT|DELETE|PATCH|MERGE) (\S+) HTTP/1\.1\r?$", re.MULTILINE)
_ENTITY: Final = re.compile(rb"^\{.*\}\r?$", re.MULTILINE)
_TARGET: Final = re.compile(r"/(?P<table>cmk\w+)(?:\(PartitionKey='(.*?)',\s*RowKey='(.*?)'\))?$")
_QUEUE: Final = re.compile(r"/(?P<queue>cmk-[a-z-]+)/messages(?:/(?P<id>[^/?]+))?(?:\?|$)")
_RECEIVED: Final = re.compile(
    r"<MessageId>(?P<id>[^<]+)</MessageId>.*?<PopReceipt>(?P<receipt>[^<]+)</PopReceipt>"
    r".*?<MessageText>(?P<text>[^<]*)</MessageText>",
    re.DOTALL,
)
_SENT: Final = re.compile(r"<MessageText>(?P<text>[^<]*)</MessageText>")

type Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One write of a transaction; ``fields`` are what is written, none for a delete."""

    method: str
    table: str
    partition: str
    row: str
    fields: Fields

    @property
    def document(self) -> Fields:
        """The JSON document that rows of the scans table hold."""
        pieces = (self.fields.get(f"document{number}") for number in range(len(self.fields)))
        text = "".join(piece for piece in pieces if isinstance(piece, str))
        return json.loads(text) if text else {}


@dataclass(frozen=True, slots=True)
class QueueCall:
    """A request to a queue; ``message`` is the id of the one it is about."""

    queue: str
    message: str | None


def operations(body: bytes) -> list[Operation]:
    """Return the writes of a transaction.

    Raises:
        ValueError: a write that this does not understand.

    """
    starts = list(_OPERATION.finditer(body))
    ends = [start.start() for start in starts[1:]] + [len(body)]
    return [
        _operation(start[1].decode(), unquote(start[2].decode()), body[start.end() : end])
        for start, end in zip(starts, ends, strict=True)
    ]


def queue_call(path: str) -> QueueCall | None:
    """Return what a path asks of a queue's messages, None where it is about something else."""
    found = _QUEUE.search(path)
    return QueueCall(found["queue"], found["id"]) if found else None


@dataclass(frozen=True, slots=True)
class Received:
    """A message that a host was given; ``content`` is the JSON in it."""

    id: str
    receipt: str
    content: object


def received(body: bytes) -> list[Received]:
    """Return the messages of an answer."""
    return [
        Received(found["id"], found["receipt"], _content(found["text"]))
        for found in _RECEIVED.finditer(body.decode())
    ]


def sent(body: bytes) -> object:
    """Return the JSON of a message on its way into a queue."""
    found = _SENT.search(body.decode())
    return _content(found["text"]) if found else None


def _operation(method: str, target: str, rest: bytes) -> Operation:
    found = _TARGET.search(target)
    if found is None:
        raise ValueError(f"{method} {target} is no write of a row")
    entity = _ENTITY.search(rest)
    fields: Fields = json.loads(entity[0]) if entity else {}
    partition = found[2] or fields["PartitionKey"]
    row = found[3] or fields["RowKey"]
    return Operation(method, found["table"], partition, row, fields)


def _content(text: str) -> object:
    try:
        return json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return text


def rows_of(writes: Sequence[Operation], prefix: str) -> list[Operation]:
    """Return the writes to rows of a kind."""
    return [write for write in writes if write.row.startswith(prefix)]
