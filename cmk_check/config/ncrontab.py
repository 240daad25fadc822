"""Calculate when an NCRONTAB expression occurs, and the longest pause between occurrences.

This parser accepts exactly what the Functions host's library accepts
(https://github.com/atifaziz/NCrontab). Python's croniter differs: it rejects descending ranges but
accepts 7 for Sunday, with which Azure does not index the timer. ``longest_pause`` and
``check_ncrontab`` raise ValueError for an expression that is invalid or never occurs.
"""

import re
from calendar import Day, Month
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise, product
from typing import Final

_MONTHS: Final = [month.name.lower() for month in Month]
# Here Sunday is the first day, but in Python it is the last.
_DAYS: Final = [day.name.lower() for day in (Day.SUNDAY, *Day)][:7]
_ITEM: Final = re.compile(r"(\*|[a-z0-9]{1,9})(?:-([a-z0-9]{1,9}))?(?:/([0-9]{1,4}))?")
# Long enough for 29 February to fall on any weekday twice, even around a century year that is not a
# leap year.
_START: Final = date(2072, 1, 1)
_NUMBER_OF_DAYS: Final = 80 * 366
# The numbers of each field, and their names.
_FIELDS: Final[Sequence[tuple[range, Sequence[str]]]] = (
    (range(60), ()),
    (range(60), ()),
    (range(24), ()),
    (range(1, 32), ()),
    (range(1, 13), _MONTHS),
    (range(7), _DAYS),
)


def longest_pause(expression: str) -> timedelta:
    """Return the longest time between two occurrences of an NCRONTAB expression.

    An NCRONTAB expression has six fields, of which the first is for seconds, or five fields without
    seconds. The day and the weekday must both match:
    https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
    """
    check_ncrontab(expression)
    seconds, minutes, hours, *days = _parse_fields(expression)
    times = [
        timedelta(hours=hour, minutes=minute, seconds=second)
        for hour, minute, second in product(hours, minutes, seconds)
    ]
    dates = list(_dates(days))
    within = [later - earlier for earlier, later in pairwise(times)]
    between = [later - earlier + times[0] - times[-1] for earlier, later in pairwise(dates)]
    return max(within + between)


def next_time(expression: str, now: datetime, step: int = 1) -> datetime | None:
    """Return the first occurrence after ``now``, or the last up to ``now`` if ``step`` is -1.

    The result is None if the expression is invalid, or never occurs after (or before) ``now``.
    """
    try:
        seconds, minutes, hours, *days = _parse_fields(expression)
    except ValueError:
        return None
    times = (
        datetime.combine(day, time(hour, minute, second), now.tzinfo)
        for day in islice(_dates(days, now.date(), step), 2)
        for hour, minute, second in product(hours[::step], minutes[::step], seconds[::step])
    )
    return next((each for each in times if (each > now) is (step > 0)), None)


def check_ncrontab(expression: str) -> None:
    """Check an NCRONTAB expression without calculating its longest pause."""
    _, _, _, *days = _parse_fields(expression)
    if not list(islice(_dates(days), 1, 2)):
        raise ValueError("the expression never occurs")


def _parse_fields(expression: str) -> list[list[int]]:
    """Return the numbers that each of an expression's six fields selects."""
    texts = expression.split()
    if len(texts) == len(_FIELDS) - 1:
        texts.insert(0, "0")
    return [
        sorted({number for item in text.lower().split(",") for number in _range(item, *field)})
        for field, text in zip(_FIELDS, texts, strict=True)
    ]


def _dates(fields: Sequence[Sequence[int]], first: date = _START, step: int = 1) -> Iterator[date]:
    """Yield the days on which an expression with these last three ``fields`` occurs.

    The days are in ascending order, or in descending order if ``step`` is -1.
    """
    days, months, weekdays = fields
    every = (first + timedelta(days=step * number) for number in range(_NUMBER_OF_DAYS))
    for day in every:
        if day.day in days and day.month in months and day.isoweekday() % 7 in weekdays:
            yield day


def _range(item: str, numbers: range, names: Sequence[str]) -> range:
    """Return the numbers that one item in a field's comma-separated list selects."""
    match = _ITEM.fullmatch(item)
    if not match:
        raise ValueError(f"{item!r} must be a number, range or step")
    first, last, step = match.groups()
    low, high = numbers[0], numbers[-1]
    if first != "*":
        low = _number(first, numbers, names)
        high = _number(last, numbers, names) if last else high if step else low
    elif last:
        raise ValueError("a range must have two ends")
    low, high = sorted((low, high))
    return range(low, high + 1, int(step or 1) or 1)


def _number(text: str, numbers: range, names: Sequence[str]) -> int:
    if text[0].isdigit():
        number = int(text)
    else:
        # A prefix means the first name that starts with it: "m" is March.
        hits = [place for place, name in enumerate(names) if name.startswith(text)]
        number = numbers[hits[0]] if hits else -1
    if number not in numbers:
        raise ValueError(f"{text} must be from {numbers[0]} to {numbers[-1]}")
    return number
