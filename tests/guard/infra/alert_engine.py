"""Azure's alert rules over log lines, evaluation by evaluation; DuckDB carries the queries out."""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb_kql
from duckdb import DuckDBPyConnection

from cmk_check.ports import Clock
from tests.guard.infra.alert_rules import criterion

type Row = tuple[str, ...]


class LinesInTime(logging.Handler):
    """The lines that the app writes, each with the time of a clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(logging.INFO)
        self.lines: list[tuple[datetime, str]] = []
        self._clock = clock

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append((self._clock.now(), record.getMessage()))


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


def evaluated(
    rule: Any,  # noqa: ANN401 - the template's JSON
    lines: list[tuple[datetime, str]],
    times: Iterable[datetime],
) -> Evaluated:
    """Evaluate a rule at these times.

    A rule sees the lines of its time range. Rows that have a time count in the window of their
    time, and rows without one at once: windowSize is the size of the bins of the count.
    """
    found = Evaluated()
    with duckdb_kql.connect() as connection:
        connection.execute(
            "CREATE TABLE traces (timestamp TIMESTAMP, message VARCHAR, severityLevel INT)"
        )
        for now in times:
            connection.execute("DELETE FROM traces")
            seen = [(_naive(time), text) for time, text in lines if _is_in_range(rule, time, now)]
            if seen:
                columns = [list(column) for column in zip(*seen, strict=True)]
                connection.execute("INSERT INTO traces SELECT unnest(?), unnest(?), 1", columns)
            found.raised[now] = _answer(connection, rule, now)
    return found


def every(step: timedelta, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the times of evaluations."""
    while since <= until:
        yield since
        since += step


def span(text: str) -> timedelta:
    """Read a duration as rules write it."""
    parts = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", text)
    assert parts
    days, hours, minutes = (int(part or 0) for part in parts.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _is_in_range(rule: Any, time: datetime, now: datetime) -> bool:  # noqa: ANN401 - as above
    reach = span(rule.get("overrideQueryTimeRange") or rule["windowSize"])
    return now - reach < time <= now


def _answer(connection: DuckDBPyConnection, rule: Any, now: datetime) -> set[Row]:  # noqa: ANN401
    names = [dimension["name"] for dimension in criterion(rule)["dimensions"]]
    begin = _naive(now - span(rule["windowSize"]))
    result = duckdb_kql.query(connection, criterion(rule)["query"], query_now=_naive(now))
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]
    return {
        tuple(row[name] or "" for name in names)
        for row in rows
        if "timestamp" not in row or row["timestamp"] > begin
    }


def _naive(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)
