"""How the result of a scan is written: what the options of ``scan`` say."""

from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """How the result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How the result and what is said beside it are to look."""

    output: Format = Format.TABLE
    quiet: bool = False
    color: bool = True
