"""The options of ``scan`` for its output and its exit code, and the one of ``plan``."""

from collections.abc import Collection, Sequence
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


class FailOn(StrEnum):
    """What makes the exit code of a finished scan other than 0."""

    NON_COMPLIANT = "non_compliant"
    UNKNOWN = "unknown"
    BROKEN_KEY = "broken_key"
    EXCEPTED = "excepted"


FAIL_ON: Final = (FailOn.NON_COMPLIANT, FailOn.UNKNOWN)


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """The format and place of the result, whether to show progress and colours, and what fails.

    ``file`` is None for standard output. ``subscriptions`` are those that the caller named.
    """

    format: Format = Format.TABLE
    quiet: bool = False
    color: bool = True
    file: Path | None = None
    fail_on: Collection[FailOn] = FAIL_ON
    subscriptions: Sequence[str] = ()


def format_option(kind: type[StrEnum], help_text: str) -> Any:  # noqa: ANN401 - as typer declares it
    """Return the option ``--format`` with the values of ``kind``.

    The message of typer's own choice begins with the words of the library below it.
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
