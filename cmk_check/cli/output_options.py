"""The options of ``scan`` and ``check`` for output and exit code."""

import logging
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Self

from cmk_check.cli.options import option, refuse
from cmk_check.cli.whole_output import check_output
from cmk_check.limits import ROWS_AT_TERMINAL


class Format(StrEnum):
    """The format of the result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    SARIF = "sarif"
    JUNIT = "junit"


class Language(StrEnum):
    """The language of a plan."""

    AZ = "az"
    BICEP = "bicep"
    TERRAFORM = "terraform"
    PORTAL = "portal"


class FailOn(StrEnum):
    """The results that make the exit code of a finished scan other than 0."""

    NON_COMPLIANT = "non_compliant"
    UNKNOWN = "unknown"
    BROKEN_KEY = "broken_key"
    EXCEPTED = "excepted"
    NEW = "new"


REPORT_FORMATS: Final = (Format.TABLE, Format.JSON, Format.SARIF, Format.JUNIT)
FAIL_ON: Final = (FailOn.NON_COMPLIANT, FailOn.UNKNOWN)
DEFAULT_CAUSES: Final = ",".join(FAIL_ON)


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """The format and file of the result, progress and colours, and conditions for failure.

    ``file`` is None for standard output. ``subscriptions`` are the subscriptions in the arguments.
    ``since`` is an earlier result for comparison. A table has at most ``limit`` rows if not None,
    with the states in ``only`` if any, sorted by the column ``sort``. By default, the worst rows
    are first.
    """

    format: Format = Format.TABLE
    quiet: bool = False
    color: bool = True
    file: Path | None = None
    fail_on: Collection[FailOn] = FAIL_ON
    subscriptions: Sequence[str] = ()
    since: Path | None = None
    exit_zero: bool = False
    limit: int | None = None
    only: Collection[str] | None = None
    sort: str | None = None

    def check_options(self) -> Self:
        """Check these options before a scan of minutes; by default, a terminal gets some rows.

        Raises:
            BadParameter: two options exclude each other, or the file cannot be written.
        """
        is_new, file = FailOn.NEW in self.fail_on, self.file
        is_at_terminal = file is None and sys.stdout.isatty()
        is_format = self.format is Format.TABLE and str(file) in set(Format)
        to_format = "must be a file; the option for the format is --format"
        to_file = "because a terminal cannot show it: add --output findings.xlsx"
        not_xlsx = f"xlsx must be written to a file {to_file}"
        limit = ROWS_AT_TERMINAL if is_at_terminal else None
        limit = limit if self.limit is None else self.limit
        is_other = file is not None and file.exists() and not file.is_file()
        regular = "must be a regular file, because it is replaced; use > for a device or pipe"
        refuse(
            ("--limit", "must be a number of rows, or 0 for all", (limit or 0) < 0),
            ("--fail-on", "must be used with --since for new", is_new and not self.since),
            ("--format", not_xlsx, is_at_terminal and self.format is Format.XLSX),
            ("--output", f"{to_format} {file}", is_format),
            ("--output", regular, is_other),
        )
        if file is not None:
            check_output(file, "--output")
        # Only violations are new or old, so unknown accounts remain a cause.
        causes = {*self.fail_on, *FAIL_ON} if is_new else self.fail_on
        return replace(self, fail_on=causes, limit=limit or None)


Output = Annotated[Path | None, option("output.output")]
Limit = Annotated[int | None, option("output.limit", {"rows": ROWS_AT_TERMINAL})]
Since = Annotated[Path | None, option("output.since")]
ExitZero = Annotated[bool, option("output.exit_zero")]
Quiet = Annotated[bool, option("output.quiet")]
NoColor = Annotated[bool, option("output.no_color")]


def _trace_requests(is_requested: bool) -> None:  # noqa: FBT001 - typer's form of a callback
    if is_requested:
        from cmk_check.cli.console import Lines, remarks
        from cmk_check.net.request_trace import REQUESTS

        REQUESTS.setLevel(logging.DEBUG)
        REQUESTS.propagate = False
        REQUESTS.addHandler(Lines(remarks(color=False), logging.DEBUG))


Debug = Annotated[bool, option("output.debug", callback=_trace_requests)]
