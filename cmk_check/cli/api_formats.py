"""The result of a scan in the formats of the API: JSON, CSV and the workbook."""

import json
import tempfile
from collections.abc import AsyncIterator
from textwrap import indent
from typing import Final

from pydantic import BaseModel

from cmk_check.cli.scan_result import ScanResult
from cmk_check.errors import NotUsable
from cmk_check.web import models
from cmk_check.web.views import csv_export, xlsx_export

_INDENT: Final = "  "


async def as_json(answer: ScanResult, status: models.Status) -> AsyncIterator[bytes]:
    """Write ``partial``, the API's ``status`` and all its ``findings``, page by page.

    It is ASCII, so that names cannot control the terminal or fail in its encoding.
    """
    partial = json.dumps(answer.partial)
    yield (
        f'{{\n{_INDENT}"partial": {partial},\n'
        f'{_INDENT}"status": {_document(status).lstrip()},\n{_INDENT}"findings": ['
    ).encode()
    comma = ""
    async for page in answer.pages():
        for finding in page:
            yield f"{comma}\n{indent(_document(finding), _INDENT)}".encode()
            comma = ","
    yield f"\n{_INDENT}]\n}}\n".encode()


def _document(model: BaseModel) -> str:
    plain = model.model_dump(mode="json", by_alias=True)
    return indent(json.dumps(plain, indent=len(_INDENT)), _INDENT)


async def as_csv(answer: ScanResult) -> AsyncIterator[bytes]:
    """Write all findings as one CSV file."""
    yield csv_export.head()
    async for page in answer.pages():
        yield csv_export.rows(page)


async def as_xlsx(answer: ScanResult) -> AsyncIterator[bytes]:
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
