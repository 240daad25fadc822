"""The options of ``scan`` for its output."""

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """The format of the result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """The format of the result, and whether to show progress and colours."""

    output: Format = Format.TABLE
    quiet: bool = False
    color: bool = True
