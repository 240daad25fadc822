"""Whether the watch for changes is on: a setting needed while ``function_app`` is imported.

Without a schedule the Functions host could not index the timer, so that no function would start.
"""

import os
from collections.abc import Mapping
from typing import Final

WATCH_SCHEDULE: Final = "CMK_WATCH_SCHEDULE"
WATCH_EXAMPLE: Final = "0 1/2 * * * * for every two minutes"


def is_watch_scheduled(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether CMK_WATCH_SCHEDULE has a value."""
    variables = os.environ if environ is None else environ  # noqa: TID251 - before settings load
    return bool(variables.get(WATCH_SCHEDULE, "").strip())
