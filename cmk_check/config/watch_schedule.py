"""Whether the watch for changes is on: needed while ``function_app`` is imported.

The Functions host cannot index a timer without a schedule, and would then start no function.
"""

import os
from collections.abc import Mapping
from typing import Final

WATCH_SCHEDULE: Final = "CMK_WATCH_SCHEDULE"


def is_watch_scheduled(environ: Mapping[str, str] = os.environ) -> bool:  # noqa: TID251 - before settings load
    """Return whether CMK_WATCH_SCHEDULE has a value."""
    return bool(environ.get(WATCH_SCHEDULE, "").strip())
