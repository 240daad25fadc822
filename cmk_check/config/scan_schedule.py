"""When the schedule starts the next scan: known without the settings, for the page."""

import os
from collections.abc import Mapping
from datetime import datetime

from cmk_check.config.ncrontab import next_time


def next_scheduled_scan(
    now: datetime,
    environ: Mapping[str, str] = os.environ,  # noqa: TID251 - before settings load
) -> datetime | None:
    """Return when CMK_SCAN_SCHEDULE, which is in UTC, starts the next scan, if it is valid."""
    return next_time(environ.get("CMK_SCAN_SCHEDULE", ""), now)
