"""Whether the watch for changes is on: a setting needed while ``function_app`` is imported.

Without a schedule the Functions host could not index the timer, so that no function would start.
"""

import os
from collections.abc import Mapping
from typing import Final

WATCH_SCHEDULE: Final = "CMK_WATCH_SCHEDULE"
WATCH_EXAMPLE: Final = "0 1/2 * * * * for every two minutes"


def is_watch_scheduled(environ: Mapping[str, str] = os.environ) -> bool:  # noqa: TID251 - before settings load
    """Return whether CMK_WATCH_SCHEDULE has a value."""
    return bool(environ.get(WATCH_SCHEDULE, "").strip())
