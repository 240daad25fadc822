"""JSON in pieces: a document whose long lists are written entry by entry."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def pieces(value: Any) -> Iterator[bytes]:  # noqa: ANN401 - JSON
    """Write objects and lists whose values may be iterators, at any depth: each is an array.

    An entry of an iterator is written whole, on a line of its own. A line break ends the document.
    """
    yield from _pieces(value)
    yield b"\n"


def _pieces(value: Any) -> Iterator[bytes]:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        named = ((_dumped(name) + b":", _pieces(member)) for name, member in value.items())
        yield from _enclosed(b"{}", named)
    elif isinstance(value, list):
        yield from _enclosed(b"[]", ((b"", _pieces(entry)) for entry in value))
    elif isinstance(value, Iterator):
        yield from _enclosed(b"[]", ((_dumped(entry), ()) for entry in value))
    else:
        yield _dumped(value)


def _enclosed(brackets: bytes, members: Iterable[tuple[bytes, Iterable[bytes]]]) -> Iterator[bytes]:
    before = brackets[:1]
    for begin, rest in members:
        yield before + b"\n" + begin
        yield from rest
        before = b","
    yield brackets if before == brackets[:1] else b"\n" + brackets[1:]


def _dumped(value: Any) -> bytes:  # noqa: ANN401 - JSON
    return json.dumps(value, separators=(",", ":")).encode()
