"""NCRONTAB, as far as it says how long the longest pause between two scans is: pure.

What is a valid expression is what the host's own library takes, whose rules are these
(https://github.com/atifaziz/NCrontab). Python's croniter takes others: 7 for Sunday, which keeps
the timer from being indexed on Azure, but not ranges that go backwards.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_ITEM: Final = re.compile(r"(\*|[a-z0-9]{1,9})(?:-([a-z0-9]{1,9}))?(?:/([0-9]{1,4}))?")
# Long enough for 29 February on one weekday to come twice, over a century without a leap day too.
_FIRST_DAY: Final = date(2072, 1, 1)
_NUMBER_OF_DAYS: Final = 80 * 366


@dataclass(frozen=True, slots=True)
class _Field:
    """A field: its bounds, and names that stand for numbers from the lowest on."""

    lowest: int
    highest: int
    names: Sequence[str] = ()


_FIELDS: Final = (
    _Field(0, 59),
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31),
    _Field(1, 12, _MONTHS),
    _Field(0, 6, _DAYS),
)


def longest_pause(expression: str) -> timedelta:
    """Return the longest time between two occurrences of an NCRONTAB expression.

    It has six fields, seconds first, or five; day and weekday must both match:
    https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions

    Raises:
        ValueError: it is no such expression, or never occurs.

    """
    texts = expression.split()
    if len(texts) == len(_FIELDS) - 1:
        texts.insert(0, "0")
    parsed = zip(_FIELDS, texts, strict=True)
    seconds, minutes, hours, days, months, weekdays = (_numbers(*each) for each in parsed)
    times = [
        timedelta(hours=hour, minutes=minute, seconds=second)
        for hour in sorted(hours)
        for minute in sorted(minutes)
        for second in sorted(seconds)
    ]
    dates = [
        day
        for day in (_FIRST_DAY + timedelta(days=number) for number in range(_NUMBER_OF_DAYS))
        if day.day in days and day.month in months and day.isoweekday() % 7 in weekdays
    ]
    within = [later - earlier for earlier, later in pairwise(times)]
    between = [later - earlier + times[0] - times[-1] for earlier, later in pairwise(dates)]
    if not between:
        raise ValueError("it never occurs")
    return max(within + between)


def _numbers(field: _Field, text: str) -> frozenset[int]:
    """Return the numbers that a field stands for."""
    found: set[int] = set()
    for item in text.lower().split(","):
        match = _ITEM.fullmatch(item)
        if not match:
            raise ValueError(f"{item!r} is no number, range or step")
        found.update(_range(field, *match.groups()))
    return frozenset(found)


def _range(field: _Field, first: str, last: str | None, step: str | None) -> range:
    low, high = field.lowest, field.highest
    if first != "*":
        low = _number(field, first)
        high = _number(field, last) if last else high if step else low
    elif last:
        raise ValueError("a range has two ends")
    low, high = sorted((low, high))
    return range(low, high + 1, int(step or 1) or 1)


def _number(field: _Field, text: str) -> int:
    if text[0].isdigit():
        number = int(text)
    else:
        # Any beginning of a name stands for it, the first that has it: "m" is March.
        hits = [place for place, name in enumerate(field.names) if name.startswith(text)]
        number = field.lowest + hits[0] if hits else -1
    if not field.lowest <= number <= field.highest:
        raise ValueError(f"{text} is not from {field.lowest} to {field.highest}")
    return number
