"""Runs timer triggers on their schedule, by the rules of WebJobs' ``TimerListener``.

Runs of one timer never overlap. If a run takes longer than its interval, exactly one run follows at
once, and it is not past due.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from croniter import croniter

from local.functions_host.data import Json
from local.functions_host.errors import StartError
from local.functions_host.timer_info import ScheduleStatus, timer_info

_FIELDS: Final = 6
_CHARACTERS: Final = re.compile(r"[\dA-Za-z*,/\- ]+")
# Short, so that a laptop notices soon after it wakes up that a run is due.
_LONGEST_SLEEP: Final = timedelta(seconds=30)

type Clock = Callable[[], datetime]
type Sleep = Callable[[float], Awaitable[None]]


class Schedule:
    """An NCRONTAB expression in UTC, of six fields (seconds first) or five.

    https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
    """

    def __init__(self, expression: str) -> None:
        fields = expression.split()
        if len(fields) == _FIELDS - 1:
            fields.insert(0, "0")
        self._expression = " ".join(fields)
        if len(fields) != _FIELDS or not _CHARACTERS.fullmatch(self._expression):
            raise _not_ncrontab(expression)
        try:
            self.after(datetime.now(UTC))
        except ValueError as error:
            raise _not_ncrontab(expression) from error

    def after(self, moment: datetime) -> datetime:
        """Return the first occurrence after ``moment``; day and weekday must both match."""
        steps = croniter(self._expression, moment, second_at_beginning=True, day_or=False)
        occurrence: datetime = steps.get_next(datetime)
        return occurrence


def _not_ncrontab(expression: str) -> StartError:
    return StartError(f"the schedule {expression!r} must be NCRONTAB, such as 0 */5 * * * *")


def utc_now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


class Timer:
    """Waits for each occurrence and runs the function until it is cancelled."""

    def __init__(
        self,
        schedule: Schedule,
        run: Callable[[Json], Awaitable[object]],
        *,
        use_monitor: bool = True,
        now: Clock = utc_now,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._schedule = schedule
        self._run = run
        self._use_monitor = use_monitor
        self._now = now
        self._sleep = sleep

    async def watch(self, *, run_on_startup: bool = False) -> None:
        """Run the function at every occurrence, from now on."""
        last: datetime | None = None
        updated = self._now()
        due = self._schedule.after(updated)
        if run_on_startup:
            await self._run(self._info(last, due, updated))
        while True:
            await self._wait_until(due)
            last, updated = due, self._now()
            due = self._schedule.after(max(due, updated))
            await self._run(self._info(last, due, updated))

    async def _wait_until(self, due: datetime) -> None:
        while (left := due - self._now()) > timedelta():
            await self._sleep(min(left, _LONGEST_SLEEP).total_seconds())

    def _info(self, last: datetime | None, due: datetime, updated: datetime) -> Json:
        return timer_info(ScheduleStatus(last, due, updated) if self._use_monitor else None)
