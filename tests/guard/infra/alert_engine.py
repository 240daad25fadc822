"""Azure's alert rules over log lines, evaluation by evaluation; DuckDB carries the queries out.

Lines reach Azure late, evaluations come early or late, and an app may write a line again.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import duckdb_kql

from cmk_check.ports import Clock
from tests.guard.infra.alert_rules import criterion

type Row = tuple[str, ...]

_AT_ONCE: Final = timedelta()


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


class LinesInTime(logging.Handler):
    """The lines that the app writes, each with the time of a clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(logging.INFO)
        self.lines: list[Line] = []
        self._clock = clock

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(Line(self._clock.now(), record.getMessage()))


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
        self._connection = duckdb_kql.connect()
        self._connection.execute(
            "CREATE TABLE lines (timestamp TIMESTAMP, message VARCHAR, ingested TIMESTAMP,"
            " readable TIMESTAMP, severityLevel INT, component VARCHAR);"
            "CREATE TABLE traces AS FROM lines;"
            "CREATE VIEW AppTraces AS SELECT timestamp AS TimeGenerated, message AS Message,"
            " component AS _ResourceId, ingested FROM traces"
        )
        rows = [
            (time, text, time + delay if noted else None, time + delay + unreadable)
            for time, text, delay in ((_naive(one.written), one.text, one.delay) for one in lines)
        ]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._connection.execute(
                "INSERT INTO lines SELECT unnest(?), unnest(?), unnest(?), unnest(?), 1, ?",
                [*columns, component.upper()],
            )

    def rows(self, query: str, look: Look) -> list[dict[str, Any]]:
        """Return what a query finds."""
        taken, since, until, now = map(_naive, look)
        self._connection.execute("DELETE FROM traces")
        self._connection.execute(
            "INSERT INTO traces FROM lines"
            " WHERE readable <= ? AND timestamp > ? AND timestamp <= ?",
            [taken, since, until],
        )
        # A hidden column of the table, which queries cannot name.
        text = query.replace("ingestion_time()", "ingested")
        found = duckdb_kql.query(self._connection, text, query_now=now)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


@dataclass
class Evaluated:
    """When a rule raised what: the values of its dimensions, once for each alert."""

    raised: dict[datetime, set[Row]] = field(default_factory=dict)

    def times(self) -> list[datetime]:
        """Return when anything was raised."""
        return [time for time, rows in self.raised.items() if rows]

    def mails(self) -> list[Row]:
        """Return each alert that begins, in order; one that lasts is told once."""
        told: list[Row] = []
        before: set[Row] = set()
        for rows in self.raised.values():
            told += sorted(rows - before)
            before = rows
        return told


def evaluated(rule: Any, log: Log, times: Iterable[datetime]) -> Evaluated:  # noqa: ANN401 - the template's JSON
    """Evaluate a rule at these times.

    A rule sees the lines of its time range. Rows that have a time count in the window of their
    time, and rows without one at once: windowSize is the size of the bins of the count.
    """
    reach = span(rule.get("overrideQueryTimeRange") or rule["windowSize"])
    names = [dimension["name"] for dimension in criterion(rule)["dimensions"]]
    found = Evaluated()
    for now in times:
        rows = log.rows(criterion(rule)["query"], Look(now, now - reach, now, now))
        begin = _naive(now - span(rule["windowSize"]))
        found.raised[now] = {
            tuple(row[name] or "" for name in names)
            for row in rows
            if "timestamp" not in row or row["timestamp"] > begin
        }
    return found


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


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)
