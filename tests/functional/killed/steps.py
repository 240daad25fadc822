"""Names for what the program does to its storage and to the webhook: where it may be killed.

A name says what is written and for whom, never under which id or number, so that one scan of an
estate takes the same steps every time, in whatever order.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tests.functional.killed.requests import (
    Operation,
    operations,
    queue_call,
    received,
    rows_of,
    sent,
)

_BATCH: Final = "/$batch"
_TABLES: Final = "/Tables"
_REFUSED: Final = re.compile(rb"HTTP/1\.1 [45]")


class Steps:
    """Names the steps of one run, the second of a name with ``(2)`` behind it."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._messages: dict[str, str] = {}
        self._sources: dict[int, str] = {}

    def of_request(self, method: str, path: str, body: bytes) -> str | None:
        """Name a request, None for one that changes nothing by itself."""
        plain = self._plain(method, path, body)
        return None if plain is None else self._numbered(plain)

    def of_answer(self, method: str, path: str, request: bytes, body: bytes) -> str | None:
        """Name what an answer hands out: a message, which nobody else sees for a time."""
        if path.endswith(_BATCH) and not _REFUSED.search(body):
            self._learn(operations(request))
        call = queue_call(path)
        if call is None or method != "GET" or call.message is not None:
            return None
        messages = received(body)
        for message in messages:
            self._messages[message.id] = self._message(message.content)
        if not messages:
            return None
        return self._numbered(f"{call.queue}: receive {self._messages[messages[0].id]}")

    def of_post(self, events: Sequence[Mapping[str, Any]]) -> str:
        """Name a post to the webhook."""
        return self._numbered(f"webhook: post {_whose(event['source'] for event in events)}")

    def _numbered(self, plain: str) -> str:
        self._seen[plain] += 1
        count = self._seen[plain]
        return plain if count == 1 else f"{plain} ({count})"

    def _plain(self, method: str, path: str, body: bytes) -> str | None:
        if method == "GET":
            return None
        if path.endswith(_BATCH):
            writes = operations(body)
            return _TABLE_NAMES[writes[0].table](self, writes)
        if method == "POST" and path.endswith(_TABLES):
            return "tables: create one"
        call = queue_call(path)
        if call is None:
            return None
        if method == "POST":
            return f"{call.queue}: send {self._message(sent(body))}"
        # A PUT hides a message for longer: by the clock, not by what the program does.
        known = self._messages.get(call.message or "", "what was received before")
        return f"{call.queue}: delete {known}" if method == "DELETE" else None

    def _message(self, content: object) -> str:
        match content:
            case {"slice": None}:
                return "plan"
            case {"slice": int(number)}:
                return f"slice {number}"
            case {"first": int(first), "last": int(last)}:
                return _names(self._sources.get(n, "?") for n in range(first, last + 1))
            case list(events):
                return _whose(event["source"] for event in events)
            case _:
                return "what nobody understands"

    def _learn(self, writes: Sequence[Operation]) -> None:
        """Note whose changes got which numbers of the feed."""
        for write in writes:
            if write.table == "cmkchanges" and write.row.isdigit() and write.fields:
                self._sources[int(write.row)] = _short(write.fields["source"])

    def _feed(self, writes: Sequence[Operation]) -> str:
        changes = [write for write in writes if write.row.isdigit()]
        if not any(write.row == "head" for write in writes):
            return "feed: prune"
        return f"feed: publish {_whose(change.fields['source'] for change in changes)}"

    def _findings(self, writes: Sequence[Operation]) -> str:
        whose = _short(writes[0].partition)
        if all(write.method == "DELETE" for write in rows_of(writes, "outbox|")):
            if rows_of(writes, "outbox|"):
                return f"findings: delete the outbox of {whose}"
            marked = writes[0].fields.get("recording")
            return f"findings: {'mark' if marked else 'clear the mark of'} {whose}"
        return f"findings: record {whose}"

    def _scans(self, writes: Sequence[Operation]) -> str:
        if writes[0].partition.startswith("slice|"):
            return _slices(writes)
        rows = frozenset(write.row.partition("|")[0] for write in writes)
        if rows == {"scan"}:
            return "scans: plan stands" if writes[0].method == "PUT" else "scans: prune"
        if {"current", "scan"} <= rows and "status" not in rows:
            superseding = len(rows_of(writes, "scan|")) > 1
            return "scans: take the lease" + (" from a dead scan" if superseding else "")
        return _SCAN_ROWS[rows - {"outbox"} or rows]


# What is written together in the partition that decides, but for changes that come with it.
_SCAN_ROWS: Final[Mapping[frozenset[str], str]] = {
    frozenset({"outbox"}): "scans: delete the outbox",
    frozenset({"status"}): "status: lower",
    frozenset({"current"}): "scans: renew the lease",
    frozenset({"current", "status", "scan"}): "scans: finish",
}
_TABLE_NAMES: Final[Mapping[str, Callable[[Steps, Sequence[Operation]], str]]] = {
    "cmkfindings": Steps._findings,  # noqa: SLF001 - its own table of methods
    "cmkchanges": Steps._feed,  # noqa: SLF001
    "cmkscans": Steps._scans,  # noqa: SLF001
}


def _slices(writes: Sequence[Operation]) -> str:
    write = writes[0]
    if write.method == "POST":
        return "slices: insert"
    if write.method == "DELETE":
        return "slices: delete"
    number, document = int(write.row.rpartition("|")[2]), write.document
    if document["summary"] is not None:
        return f"slice {number}: done"
    return f"slice {number}: {'claim' if document['claim'] else 'give back'}"


def slice_of(step: str) -> int | None:
    """Return which slice a step is about, by the words before its colon."""
    kind, _, number = step.partition(" ")
    return int(number) if kind == "slice" else None


def _whose(sources: Iterable[str]) -> str:
    return _names(_short(source) for source in sources)


def _names(names: Iterable[str]) -> str:
    return " ".join(sorted(set(names)))


def _short(source: str) -> str:
    """Name a subscription by its number in the estate, S1; all else is the scan itself."""
    if source.startswith("/scans/"):
        return "scan"
    return f"S{int(source.rpartition('/')[2][:8])}"
