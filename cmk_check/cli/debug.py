"""The option ``--debug``."""

import logging
from typing import Annotated, override

from cmk_check.cli.exit_codes import complain
from cmk_check.cli.options import option
from cmk_check.core.text import shown


class _OnStandardError(logging.Handler):
    @override
    def emit(self, record: logging.LogRecord) -> None:
        complain(shown(record.getMessage()))


def _trace_requests(wanted: bool) -> None:  # noqa: FBT001 - typer's form of a callback
    if wanted:
        from cmk_check.net.request_trace import REQUESTS

        REQUESTS.setLevel(logging.DEBUG)
        REQUESTS.propagate = False
        REQUESTS.addHandler(_OnStandardError())


Debug = Annotated[bool, option("output.debug", callback=_trace_requests)]
