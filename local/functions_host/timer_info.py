"""What a timer's function is told: the JSON of WebJobs' ``TimerInfo``."""

import json
from dataclasses import dataclass
from datetime import datetime

from local.functions_host.data import Json


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """When the timer last ran and will next run, in UTC; ``last`` is None before its first run."""

    last: datetime | None
    next: datetime
    updated: datetime


def timer_info(status: ScheduleStatus | None) -> Json:
    """Return the value of a timer trigger. A run here is never past due: no record outlives us."""
    schedule_status = None
    if status is not None:
        schedule_status = {
            # .NET's DateTime has no null: this is its default.
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
