"""The rows that a build before schema 4 left: its status is compliant, and a change waits."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cmk_check.ports import Insert, Scalar, Store, Table

type Row = tuple[Table, str, str, Mapping[str, Scalar]]

CONTENT: Final[Mapping[str, list[dict[str, Scalar]]]] = json.loads(
    Path(__file__).with_suffix(".json").read_text()
)
_KEYS: Final = ("PartitionKey", "RowKey")


def _rows() -> list[Row]:
    """Return table, partition, row key and properties of each row."""
    return [
        (
            *(Table(table), str(row["PartitionKey"]), str(row["RowKey"])),
            {name: value for name, value in row.items() if name not in _KEYS},
        )
        for table, rows in CONTENT.items()
        for row in rows
    ]


ROWS: Final = _rows()


async def put(store: Store, *rows: Row) -> None:
    """Insert rows into a store, all of them if none is named."""
    for table, partition, row, values in rows or ROWS:
        await store.commit(table, partition, [Insert(row, values)])
