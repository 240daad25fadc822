"""The watch's only row, in the scans table."""

from typing import Final

from pydantic import TypeAdapter

from cmk_check.core.watch_state import Watch
from cmk_check.ports import Store, Table
from cmk_check.store.codec import write
from cmk_check.store.scan_rows import Stored, document, value_or

_PARTITION: Final = "watch"
_ROW: Final = "state"
_WATCH: Final = TypeAdapter(Watch)


class WatchTable:
    """The stored state of the watch."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self) -> Stored[Watch]:
        """Read the row. A broken row counts as empty until the next look replaces it.

        Raises:
            RowUnusable: a newer version wrote the row.

        """
        return value_or(Watch(), _WATCH, await self._store.get(Table.SCANS, _PARTITION, _ROW))

    async def write(self, watch: Watch, before: Stored[Watch]) -> None:
        """Write the row if it is unchanged since it was read.

        Raises:
            WriteConflict: another look wrote it.

        """
        row = write(_ROW, document(_WATCH, watch), before.etag)
        await self._store.commit(Table.SCANS, _PARTITION, [row])
