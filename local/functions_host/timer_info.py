"""The input of a timer's function: the JSON of WebJobs' ``TimerInfo``."""

import json
from dataclasses import dataclass
from datetime import datetime

from local.functions_host.data import Json


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """The timer's last and next run, in UTC; ``last`` is None before the first run."""

    last: datetime | None
    next: datetime
    updated: datetime


def timer_info(status: ScheduleStatus | None) -> Json:
    """Return the value of a timer trigger; never past due, because no record is kept on disk."""
    schedule_status = None
    if status is not None:
        schedule_status = {
            # .NET's DateTime cannot be null; this is its default.
            "Last": status.last.isoformat() if status.last else "0001-01-01T00:00:00+00:00",
            "LastUpdated": status.updated.isoformat(),
            "Next": status.next.isoformat(),
        }
    return Json(
        json.dumps(
            {
                "Schedule": {"AdjustForDST": True},
                "ScheduleStatus": schedule_status,
                "IsPastDue": False,
            }
        )
    )
