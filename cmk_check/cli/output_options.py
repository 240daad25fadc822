"""The options of ``scan`` for its output and its exit code."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final


class Format(StrEnum):
    """The format of the result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    SARIF = "sarif"
    JUNIT = "junit"


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

    ``file`` is None for standard output.
    """

    format: Format = Format.TABLE
    quiet: bool = False
    color: bool = True
    file: Path | None = None
    fail_on: Collection[FailOn] = FAIL_ON
