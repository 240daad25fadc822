"""The options of ``scan`` and ``check`` for output and exit code."""

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from cmk_check.cli.options import option
from cmk_check.cli.whole_output import checked_file
from cmk_check.limits import ROWS_AT_TERMINAL


class Format(StrEnum):
    """The format of the result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    SARIF = "sarif"
    JUNIT = "junit"


class ReportFormat(StrEnum):
    """The format of a report on templates."""

    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


class Language(StrEnum):
    """The language of a plan."""

    AZ = "az"
    BICEP = "bicep"
    TERRAFORM = "terraform"
    PORTAL = "portal"


class FailOn(StrEnum):
    """What makes the exit code of a finished scan other than 0."""

    NON_COMPLIANT = "non_compliant"
    UNKNOWN = "unknown"
    BROKEN_KEY = "broken_key"
    EXCEPTED = "excepted"
    NEW = "new"


class Only(StrEnum):
    """The rows of a table."""

    NON_COMPLIANT = "non_compliant"
    UNKNOWN = "unknown"
    COMPLIANT = "compliant"
    BROKEN = "broken"
    AT_RISK = "at_risk"
    LOSS = "loss"


class Sort(StrEnum):
    """The columns by which rows can be sorted."""

    ACCOUNT = "account"
    REASON = "reason"
    OWNER = "owner"
    SUBSCRIPTION = "subscription"
    CREATED = "created"


FAIL_ON: Final = (FailOn.NON_COMPLIANT, FailOn.UNKNOWN)
DEFAULT_CAUSES: Final = ",".join(FAIL_ON)


@dataclass(frozen=True, slots=True)
class RowOptions:
    """Which rows a table has: at most ``limit`` if not None, of the states ``only`` if any.

    ``sort`` is the heading of a column; without it, the worst rows are first.
    """

    limit: int | None = None
    only: Collection[str] = ()
    sort: str = ""


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Format and file of the result, progress and colours, and what makes a command fail.

    ``file`` is None for standard output. ``subscriptions`` are the ones in the arguments. ``since``
    is an earlier result to compare with.
    """

    format: Format | ReportFormat = Format.TABLE
    quiet: bool = False
    color: bool = True
    file: Path | None = None
    fail_on: Collection[FailOn] = FAIL_ON
    subscriptions: Sequence[str] = ()
    rows: RowOptions = field(default_factory=RowOptions)
    since: Path | None = None
    exit_zero: bool = False


Output = Annotated[Path | None, option("output.output")]
Limit = Annotated[int | None, option("output.limit", {"rows": ROWS_AT_TERMINAL})]
Since = Annotated[Path | None, option("output.since")]
ExitZero = Annotated[bool, option("output.exit_zero")]
Quiet = Annotated[bool, option("output.quiet")]
NoColor = Annotated[bool, option("output.no_color")]


def options_of(  # noqa: PLR0913 - an argument for each option
    result_format: Format | ReportFormat,
    output: Path | None,
    fail_on: Collection[FailOn],
    since: Path | None,
    rows: RowOptions,
    *,
    is_quiet: bool,
    is_plain: bool,
    exit_zero: bool,
    subscriptions: Sequence[str] = (),
) -> OutputOptions:
    """Check the options for output and exit code; without a limit, a terminal gets some rows.

    Raises:
        BadParameter: two exclude each other, or the file cannot be written.

    """
    limit = rows.limit
    if limit is not None and limit < 0:
        raise typer.BadParameter("must be a number of rows, or 0 for all", param_hint="--limit")
    if limit is None and output is None and sys.stdout.isatty():
        limit = ROWS_AT_TERMINAL
    if FailOn.NEW in fail_on:
        if since is None:
            raise typer.BadParameter("must be used with --since for new", param_hint="--fail-on")
        # Only violations are new or old, so unknown accounts stay a cause.
        fail_on = {*fail_on, *FAIL_ON}
    return OutputOptions(
        result_format,
        is_quiet,
        not is_plain,
        _checked_file(output, result_format),
        fail_on,
        subscriptions,
        replace(rows, limit=limit or None),
        since,
        exit_zero,
    )


def _checked_file(output: Path | None, result_format: StrEnum) -> Path | None:
    """Return the file of the result, checked before a scan of minutes."""
    if output is None and result_format is Format.XLSX and sys.stdout.isatty():
        raise typer.BadParameter(
            "xlsx must be written to a file because a terminal cannot show it: add --output "
            "findings.xlsx",
            param_hint="--format",
        )
    if output is not None and result_format == "table" and str(output) in set(Format):
        raise typer.BadParameter(
            f"must be a file; the option for the format is --format {output}",
            param_hint="--output",
        )
    return output and checked_file(output)
