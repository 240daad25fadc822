"""The readers of what stands beside verdicts, for one slice."""

from datetime import datetime
from typing import Protocol

from cmk_check.core.aspects.aspect import AllJudged
from cmk_check.core.comparison.updates import Known
from cmk_check.scan.data_reading import DataReader
from cmk_check.scan.exception_reading import ExceptionReader
from cmk_check.scan.key_reading import KeyReader
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.scan_rows import Scan


class AspectReader(Protocol):
    """Reads one aspect of the accounts of a subscription, and puts it beside their verdicts."""

    async def read(self, judged: AllJudged, known: Known, now: datetime, /) -> AllJudged:
        """Return the accounts with what was read; what could not be read says so."""
        ...


def aspect_readers(context: ScanContext, scan: Scan) -> list[AspectReader]:
    """Return a reader of each aspect that is switched on and has to be read."""
    options = context.options
    readers: list[AspectReader] = []
    if context.exemptions is not None:
        readers.append(ExceptionReader(context.exemptions, options))
    if context.data_stores is not None:
        readers.append(DataReader(context.data_stores, options, scan))
    if context.keys is not None:
        # Last, as keys have the most time.
        readers.append(KeyReader(context.keys, options, scan))
    return readers
