"""The numbers that an operator reasons with, from their docstrings, and those of the host."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Final

from cmk_check import limits as numbers
from tools.reference.docstrings import docstrings
from tools.reference.documents import ROOT, code, one_line, table

_UNITS: Final = {"SECONDS": " s", "BYTES": " bytes", "MIB": " MiB", "CHARS": " characters"}
_SPANS: Final = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "min": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
# host.json can have no comments.
_OF_THE_HOST: Final = {
    "visibilityTimeout": "Delay after which the queue shows a failed message again.",
    "maxDequeueCount": "Maximum number of tries for a message.",
    "batchSize + newBatchThreshold": "Slices that an instance processes at the same time.",
    "functionTimeout": "Duration of a function call; after that, the host stops the function.",
}


def limits() -> str:
    """Write a table for each section of the module, except what is internal."""
    source = (ROOT / "cmk_check/limits.py").read_text(encoding="utf-8")
    _, *parts = re.split(r"(?m)^# --- (.*)$", source)
    told = docstrings(numbers)
    return "\n\n".join(
        f"## {heading}\n\n{_table(re.findall(r'(?m)^([A-Z_]+): Final = ', body), told)}"
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
        if "internal" not in heading
    )


def host_limits() -> str:
    """Write what bounds the Functions host."""
    host = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    given = host["extensions"]["queues"] | {"functionTimeout": host["functionTimeout"]}
    rows = [
        (code(name), "".join(_of_host([given[part] for part in name.split(" + ")])), meaning)
        for name, meaning in _OF_THE_HOST.items()
    ]
    return table(("setting", "value", "what it bounds"), rows)


def _table(names: list[str], told: dict[str, str]) -> str:
    rows = [
        (code(name), _shown(name, getattr(numbers, name)), one_line(told.get(name), name))
        for name in names
    ]
    return table(("constant", "value", "what it bounds"), rows)


def _of_host(values: list[str | int]) -> Iterator[str]:
    match values:
        case [str(text)]:
            hours, minutes, seconds = map(int, text.split(":"))
            yield _shown("", timedelta(hours=hours, minutes=minutes, seconds=seconds))
        case _:
            yield str(sum(map(int, values)))


def _shown(name: str, value: object) -> str:
    """Write a value with its unit, the largest one that divides it."""
    if isinstance(value, timedelta):
        unit = next(unit for unit, span in _SPANS.items() if not value % span)
        return f"{value // _SPANS[unit]} {unit}"
    if not isinstance(value, int | float):
        raise TypeError(f"{name} is neither a time nor a number.")
    unit = name.rpartition("_")[2]
    return f"{Fraction(value)}" if unit == "SHARE" else f"{value:g}{_UNITS.get(unit, '')}"
