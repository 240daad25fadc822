"""The options of ``scan`` for output and exit code, and the language option of ``plan``."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import typer


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


FAIL_ON: Final = (FailOn.NON_COMPLIANT, FailOn.UNKNOWN)


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Format and file of the result, progress and colours, and what makes a scan fail.

    ``file`` is None for standard output. ``subscriptions`` are the ones in the arguments.
    """

    format: Format = Format.TABLE
    quiet: bool = False
    color: bool = True
    file: Path | None = None
    fail_on: Collection[FailOn] = FAIL_ON
    subscriptions: Sequence[str] = ()


def complete_list(kind: Iterable[StrEnum]) -> Callable[[str], list[str]]:
    """Return a completion of the last value of a list separated by commas."""

    def complete(incomplete: str) -> list[str]:
        before, comma, _ = incomplete.rpartition(",")
        return [f"{before}{comma}{each}" for each in kind if each not in before.split(",")]

    return complete


def format_option(kind: type[StrEnum], help_text: str) -> Any:  # noqa: ANN401 - as typer declares it
    """Return the option ``--format``, which accepts the values of ``kind``.

    typer's own error message for a choice begins with words of the library below it.
    """

    def parse(given: str) -> StrEnum:
        try:
            return kind(given)
        except ValueError:
            file = f"; to write a file: --output {given}" if kind is Format and "." in given else ""
            raise typer.BadParameter(f"must be one of {', '.join(kind)}{file}") from None

    return typer.Option(
        "--format",
        "-o",
        parser=parse,
        metavar=f"<{'|'.join(kind)}>",
        help=help_text,
        autocompletion=lambda: list(kind),
    )
