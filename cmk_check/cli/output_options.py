"""The options of ``scan`` and ``check`` for output and exit code, and those that repeat."""

import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cmk_check.cli.stdout import unfinished_file
from cmk_check.errors import NotUsable
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


def complete_list(kind: Iterable[StrEnum]) -> Callable[[str], list[str]]:
    """Return a completion of the last value of a list separated by commas."""

    def complete(incomplete: str) -> list[str]:
        before, comma, _ = incomplete.rpartition(",")
        return [f"{before}{comma}{each}" for each in kind if each not in before.split(",")]

    return complete


def choice_list(kind: Collection[StrEnum], option: str, metavar: str, help_text: str) -> Any:  # noqa: ANN401 - as typer declares it
    """Return an option that accepts some of these values, separated by commas."""

    def parse(given: str) -> frozenset[StrEnum]:
        names = {str(each): each for each in kind}
        try:
            return frozenset(names[name.strip()] for name in given.split(","))
        except KeyError:
            raise typer.BadParameter(
                f"must be a list of {', '.join(kind)}, separated by commas"
            ) from None

    return typer.Option(
        option,
        parser=parse,
        metavar=metavar,
        help=help_text,
        autocompletion=complete_list(kind),
    )


Output = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the result to this file instead of standard output, complete or not at all.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        metavar="NUMBER",
        help=f"Show at most this many rows of a table, 0 for all. By default {ROWS_AT_TERMINAL} at "
        "a terminal, otherwise all. Totals and exit code are of the whole result.",
    ),
]
Since = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Compare with an earlier JSON result, and show what is new and what was fixed.",
    ),
]
ExitZero = Annotated[
    bool,
    typer.Option(
        "--exit-zero",
        help="Exit with 0 despite violations and unknown accounts; not despite a loss, a gap, a "
        "failed scan or a file that could not be read.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Show only the result and warnings about settings, no progress or notes.",
    ),
]
NoColor = Annotated[bool, typer.Option("--no-color", help="Do not use colours.")]


def only_option(states: Collection[Only]) -> Any:  # noqa: ANN401 - as typer declares it
    """Return the option that chooses rows of a table."""
    return choice_list(
        states, "--only", "STATE,...", f"Show only rows of a state: {', '.join(states)}."
    )


def sort_option(columns: Collection[Sort]) -> Any:  # noqa: ANN401 - as typer declares it
    """Return the option that sorts the rows of a table."""
    return format_option(columns, "Sort the rows by a column, not the worst first.", "--sort")


def fail_on_option(causes: Collection[FailOn], always: str) -> Any:  # noqa: ANN401 - as typer declares it
    """Return the option that chooses what fails; ``always`` names what no choice leaves out."""
    return choice_list(
        causes,
        "--fail-on",
        "CAUSE,...",
        f"What makes the exit code 1 or 3: {', '.join(causes)}. {always} always does; with new, 1 "
        "is only for that and for violations that the file of --since does not have.",
    )


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
    if output is None:
        return None
    if result_format == "table" and str(output) in set(Format):
        why = f"must be a file; the option for the format is --format {output}"
    elif not output.parent.is_dir():
        why = "must be in an existing folder"
    elif output.exists() and not output.is_file():
        why = "must be a regular file, because it is replaced; use > for a device or pipe"
    else:
        try:
            with unfinished_file(output.resolve()):
                return output
        except NotUsable as error:
            why = str(error)
    raise typer.BadParameter(why, param_hint="--output")


def format_option(kind: Collection[StrEnum], help_text: str, *names: str) -> Any:  # noqa: ANN401 - as typer declares it
    """Return an option, ``--format`` unless named, which accepts the values of ``kind``.

    typer's own error message for a choice begins with words of the library below it.
    """

    def parse(given: str) -> StrEnum:
        try:
            return {str(each): each for each in kind}[given]
        except KeyError:
            file = f"; to write a file: --output {given}" if kind is Format and "." in given else ""
            raise typer.BadParameter(f"must be one of {', '.join(kind)}{file}") from None

    return typer.Option(
        *(names or ("--format", "-o")),
        parser=parse,
        metavar=f"<{'|'.join(kind)}>",
        help=help_text,
        autocompletion=lambda: list(kind),
    )
