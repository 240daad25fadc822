"""The old rule for subscriptions never seen: written at once, without a mark and without a check.

It stands here so that the schedules can be seen to find what it does. The confirmation that came
after the write is left out: P1 is checked after each commit, so it would come too late.
"""

from contextvars import ContextVar
from dataclasses import replace
from typing import Final

from cmk_check.core.comparison.updates import Difference
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scan_rows import Scan, Slice, Stored
from cmk_check.store.scans import ScanTable
from cmk_check.store.subscription_rows import StoredSubscription
from tests.soak.schedule import Worker

_IS_FIRST: Final = ContextVar("is_first", default=False)


def unmarked(context: ScanContext, worker: Worker) -> ScanContext:
    """Return the context of a process that follows the old rule."""
    return replace(context, findings_table=_Findings(worker), scans=_Scans(worker))


class _Findings(FindingsTable):
    """Sets no mark where there is no row: the record inserts it."""

    async def mark(
        self, stored: StoredSubscription, difference: Difference, claim: str
    ) -> StoredSubscription:
        _IS_FIRST.set(stored.known.coverage is None)
        if stored.known.coverage is None:
            return stored
        return await super().mark(stored, difference, claim)


class _Scans(ScanTable):
    """Tells whoever has set no mark that slice and lease are as they were."""

    _held: tuple[str, Stored[Slice]] | None = None

    async def slice(self, scan: Scan, number: int) -> Stored[Slice] | None:
        if _IS_FIRST.get() and self._held is not None:
            return self._held[1]
        return await super().slice(scan, number)

    async def holder(self) -> str | None:
        if _IS_FIRST.get() and self._held is not None:
            return self._held[0]
        return await super().holder()

    async def replace_slice(self, scan_id: str, entry: Slice, etag: str) -> Stored[Slice]:
        held = await super().replace_slice(scan_id, entry, etag)
        self._held = scan_id, held
        return held
