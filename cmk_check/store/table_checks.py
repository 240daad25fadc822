"""The limits of the table service, which divide writes and are checked before sending.

Azurite accepts entities over 1 MiB, more than 252 properties and invalid property names, and sends
a broken reply to a transaction of 101 writes. Without this check, such a write would fail only in
production.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from cmk_check.limits import (
    MAX_ENTITY_BYTES,
    MAX_KEY_UNITS,
    MAX_NAME_SHOWN_CHARS,
    MAX_PROPERTIES,
    MAX_PROPERTY_NAME_CHARS,
    MAX_STRING_UNITS,
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_WRITES,
    RESERVED_WRITE_BYTES,
)
from cmk_check.ports import Delete, LimitExceeded, Scalar, Write

MAX_INT32: Final = 2**31 - 1
MAX_INT64: Final = 2**63 - 1

# The service allows % but warns that some clients fail on it; ``escape`` leaves none.
_FORBIDDEN_IN_KEYS = re.compile(r"[/\\#?%\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Nearly all values have these types, and a call for each value would cost more than everything
# else.
_PLAIN: Final = frozenset({str, int, bool})
_RESERVED: Final = frozenset({"PartitionKey", "RowKey", "Timestamp"})
# The size of headers and boundaries of one write within a batch, and the longest possible partition
# key in the URL (nine characters per UTF-16 unit) and in the body (six).
_WRITE_OVERHEAD: Final = 1500 + 15 * MAX_KEY_UNITS
_TIMESTAMP_BYTES: Final = 8 + 2 * len("Timestamp") + 8


def remove_nones(values: Mapping[str, Scalar | None]) -> dict[str, Scalar]:
    """Return the values to store: plain strings, integers and booleans, without None.

    Raises:
        TypeError: a value has another type.
    """
    return {
        name: value if type(value) in _PLAIN else _plain(value)
        for name, value in values.items()
        if value is not None
    }


def is_property_name(name: str) -> bool:
    """Return whether a property may have this name; the service requires C# identifiers."""
    return _NAME.fullmatch(name) is not None


def estimate_size(write: Write) -> int:
    """Return the bytes that a write adds to a transaction, never estimated too low."""
    row = len(quote(write.row, safe="", errors="replace"))
    if isinstance(write, Delete):
        return _WRITE_OVERHEAD + row
    values = remove_nones(write.values)
    types = sum(len(name) + len('"@odata.type": "Edm.String", ') for name in values)
    return _WRITE_OVERHEAD + row + len(json.dumps({"RowKey": write.row, **values})) + types


def check(writes: Sequence[Write], partition: str) -> None:
    """Check a transaction against the limits of the service.

    Raises:
        LimitExceeded: the text names the row and the limit.
    """
    if not 1 <= len(writes) <= MAX_TRANSACTION_WRITES:
        raise LimitExceeded(
            f"a transaction has {len(writes)} writes; 1 to {MAX_TRANSACTION_WRITES} are allowed"
        )
    _check_key(partition, f"partition {_quote_text(partition)}")
    rows: set[str] = set()
    for write in writes:
        _check_write(write, partition)
        if write.row in rows:
            raise LimitExceeded(f"row {_quote_text(write.row)} must occur once in a transaction")
        rows.add(write.row)
    size = sum(estimate_size(write) for write in writes)
    if size > MAX_TRANSACTION_BYTES:
        raise LimitExceeded(
            f"a transaction that begins with row {_quote_text(writes[0].row)} has {size} bytes; "
            f"the limit is {MAX_TRANSACTION_BYTES}"
        )


def batches(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """Divide writes into transactions, in order."""
    for groups in group_batches([(write,) for write in writes]):
        yield [write for (write,) in groups]


def group_batches[T: Sequence[Write]](groups: Iterable[T], reserve: int = 0) -> Iterator[list[T]]:
    """Divide groups of writes into transactions without splitting a group.

    ``reserve`` is the number of further writes, of at most 512 KiB, for which each transaction has
    room.
    """
    most_writes = MAX_TRANSACTION_WRITES - reserve
    most_bytes = MAX_TRANSACTION_BYTES - reserve * RESERVED_WRITE_BYTES
    batch: list[T] = []
    writes = weight = 0
    for group in groups:
        size = sum(estimate_size(write) for write in group)
        if batch and (writes + len(group) > most_writes or weight + size > most_bytes):
            yield batch
            batch, writes, weight = [], 0, 0
        batch.append(group)
        writes += len(group)
        weight += size
    if batch:
        yield batch


def _plain(value: Scalar) -> Scalar:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a value must be a string, integer or boolean, not {type(value).__name__}")


def _check_write(write: Write, partition: str) -> None:
    where = f"row {_quote_text(write.row)}"
    _check_key(write.row, where)
    if isinstance(write, Delete):
        return
    values = remove_nones(write.values)
    if len(values) > MAX_PROPERTIES:
        raise LimitExceeded(f"{where}: {len(values)} properties; the limit is {MAX_PROPERTIES}")
    size = 4 + 2 * (_units(partition) + _units(write.row)) + _TIMESTAMP_BYTES
    for name, value in values.items():
        _check_property(name, value, where)
        size += 8 + 2 * len(name) + _value_bytes(value)
    if size > MAX_ENTITY_BYTES:
        raise LimitExceeded(f"{where}: {size} bytes; the limit is {MAX_ENTITY_BYTES}")


def _check_key(key: str, where: str) -> None:
    if _FORBIDDEN_IN_KEYS.search(key):
        raise LimitExceeded(f"{where}: a key must not contain / \\ # ? % or control characters")
    if _units(key) > MAX_KEY_UNITS:
        raise LimitExceeded(f"{where}: {_units(key)} UTF-16 units; the limit is {MAX_KEY_UNITS}")


def _check_property(name: str, value: Scalar, where: str) -> None:
    if not is_property_name(name) or name in _RESERVED:
        raise LimitExceeded(f"{where}: {_quote_text(name)} must be a valid property name")
    if len(name) > MAX_PROPERTY_NAME_CHARS:
        raise LimitExceeded(
            f"{where}: {_quote_text(name)} is {len(name)} characters long; "
            f"the limit is {MAX_PROPERTY_NAME_CHARS}"
        )
    if isinstance(value, str):
        if is_no_text(value):
            raise LimitExceeded(f"{where}: {name} contains half of a surrogate pair")
        if (size := _units(value)) > MAX_STRING_UNITS:
            raise LimitExceeded(
                f"{where}: {name} has {size} UTF-16 units; the limit is {MAX_STRING_UNITS}"
            )
    elif not -MAX_INT64 - 1 <= value <= MAX_INT64:
        raise LimitExceeded(f"{where}: the number in {name} does not fit into 64 bits")


def is_no_text(value: str) -> bool:
    """Return whether a string contains half of a surrogate pair, which cannot be encoded."""
    return not value.isascii() and _LONE_SURROGATE.search(value) is not None


def _value_bytes(value: Scalar) -> int:
    if isinstance(value, str):
        return 4 + 2 * _units(value)
    return 8 if abs(value) > MAX_INT32 else 4


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _quote_text(text: str) -> str:
    """Quote untrusted text for a message, shortened and on one line."""
    return ascii(text if len(text) <= MAX_NAME_SHOWN_CHARS else f"{text[:MAX_NAME_SHOWN_CHARS]}...")
