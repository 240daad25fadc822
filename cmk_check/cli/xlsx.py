"""The result of a scan as the API's workbook."""

import tempfile
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from cmk_check.cli.stdout import NotUsable
from cmk_check.web.views import xlsx_export

if TYPE_CHECKING:
    from cmk_check.cli.scan_result import ScanResult


async def as_xlsx(answer: "ScanResult") -> AsyncIterator[bytes]:
    """Write all findings as one workbook.

    Raises:
        NotUsable: the temporary folder cannot be written.

    """
    try:
        async for piece in xlsx_export.written(answer.pages()):
            yield piece
    except OSError as error:
        raise NotUsable(
            f"the temporary folder {tempfile.gettempdir()} cannot be written ({error.strerror}); "
            "the workbook is made there. TMPDIR can name another one."
        ) from error
