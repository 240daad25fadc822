"""The readers of what stands beside verdicts, for one slice."""

from cmk_check.scan.data_reading import DataReader
from cmk_check.scan.exception_reading import ExceptionReader
from cmk_check.scan.key_reading import KeyReader
from cmk_check.scan.scan_context import ScanContext
from cmk_check.store.scan_rows import Scan

type AnyReader = ExceptionReader | DataReader | KeyReader


def aspect_readers(context: ScanContext, scan: Scan) -> list[AnyReader]:
    """Return a reader of each aspect that is switched on and has to be read."""
    options = context.options
    readers: list[AnyReader] = []
    if context.exemptions is not None:
        readers.append(ExceptionReader(context.exemptions, options, scan))
    if context.data_stores is not None:
        readers.append(DataReader(context.data_stores, options, scan))
    if context.keys is not None:
        # Last, as keys have the most time.
        readers.append(KeyReader(context.keys, options, scan))
    return readers
