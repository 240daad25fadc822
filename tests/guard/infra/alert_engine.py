"""Azure's alert rules over log lines, evaluation by evaluation; DuckDB carries the queries out.

Lines reach Azure late, evaluations come early or late, and an app may write a line again.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import duckdb_kql
from duckdb_kql.engine import schema

type Row = tuple[str, ...]

_AT_ONCE: Final = timedelta()
# A query is evaluated hundreds of times, and its translation takes longer than its evaluation.
_translations: dict[str, duckdb_kql.TranslationResult] = {}


class Line(NamedTuple):
    """A line, when the app wrote it, and how much later Azure took it in."""

    written: datetime
    text: str
    delay: timedelta = _AT_ONCE


_MINUTE: Final = timedelta(minutes=1)
DELAYS: Final = [minutes * _MINUTE for minutes in (0, 1, 3, 5, 30)]
PHASES: Final = [number * _MINUTE / 2 for number in range(20)]  # over two evaluations of events


def at_every_phase(
    texts: Iterable[str], since: datetime, again: Sequence[timedelta] = ()
) -> list[Line]:
    """Return an event for each text, phase and delay, and its line again, so much later."""
    return [
        Line(since + phase + later, _called(text, f"{phase} {delay}"), delay)
        for text in texts
        for phase in PHASES
        for delay in DELAYS
        for later in (_AT_ONCE, *again)
    ]


def _called(text: str, name: str) -> str:
    """Return the line with an id of its own."""
    line = json.loads(text)
    return json.dumps(line | {"id": f"{name} {line.get('id')}"}, separators=(",", ":"))


class Look(NamedTuple):
    """One evaluation: when it reads, of which times it reads the lines, and what is now to it."""

    taken: datetime
    since: datetime
    until: datetime
    now: datetime


class Log:
    """The lines of an app, in the table of its component and in that of a workspace.

    Azure notes the time of ingestion just before a line can be read: ``unreadable`` is the time
    between. Where it does not note it, ``ingestion_time()`` is null
    (https://learn.microsoft.com/kusto/management/ingestion-time-policy).
    """

    def __init__(
        self,
        lines: Iterable[Line],
        component: str = "",
        *,
        unreadable: timedelta = _AT_ONCE,
        noted: bool = True,
    ) -> None:
        self._connection = duckdb_kql.connect(config={"threads": 1})
        self._connection.execute(
            "CREATE TABLE lines (timestamp TIMESTAMP, message VARCHAR, ingested TIMESTAMP,"
            " readable TIMESTAMP, severityLevel INT, component VARCHAR);"
            "CREATE TABLE traces AS FROM lines;"
            "CREATE VIEW AppTraces AS SELECT timestamp AS TimeGenerated, message AS Message,"
            " component AS _ResourceId, ingested FROM traces"
        )
        rows = [
            (time, text, time + delay if noted else None, time + delay + unreadable)
            for time, text, delay in ((naive(one.written), one.text, one.delay) for one in lines)
        ]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._connection.execute(
                "INSERT INTO lines SELECT unnest(?), unnest(?), unnest(?), unnest(?), 1, ?",
                [*columns, component.upper()],
            )

    def rows(self, query: str, look: Look) -> list[dict[str, Any]]:
        """Return what a query finds."""
        taken, since, until, now = map(naive, look)
        self._connection.execute("DELETE FROM traces")
        self._connection.execute(
            "INSERT INTO traces FROM lines"
            " WHERE readable <= ? AND timestamp > ? AND timestamp <= ?",
            [taken, since, until],
        )
        # A hidden column of the table, which queries cannot name.
        text = query.replace("ingestion_time()", "ingested")
        if text not in _translations:
            _translations[text] = duckdb_kql.to_sql(text, schema(self._connection), query_now=now)
        sql = _translations[text]
        parameters = dict.fromkeys(sql.parameters, now)  # its only one is what is now
        found = self._connection.execute(str(sql), parameters or None)
        columns = [name for name, *_ in found.description]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def every(
    step: timedelta, since: datetime, until: datetime, jitter: Sequence[timedelta] = (_AT_ONCE,)
) -> Iterator[datetime]:
    """Yield the times of evaluations, each as much later as ``jitter`` says in turn."""
    for number in range((until - since) // step + 1):
        yield since + number * step + jitter[number % len(jitter)]


def span(text: str) -> timedelta:
    """Read a duration as rules write it."""
    parts = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text)
    assert parts
    days, hours, minutes = (int(part or 0) for part in parts.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def naive(time: datetime) -> datetime:
    """Return a time as the database has it."""
    return time.astimezone(UTC).replace(tzinfo=None)
