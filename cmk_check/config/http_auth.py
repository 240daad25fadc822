"""Read the settings that ``function_app`` and the page need: who may call, and when timers fire.

This module is separate from ``settings``, so that a cold start does not load pydantic before the
first invocation. ``Settings.load`` reports an invalid value later.
"""

import os
from collections.abc import Mapping
from typing import Literal

type HttpAuth = Literal["keys", "entra"]


def read_http_auth(environ: Mapping[str, str] = os.environ) -> HttpAuth:  # noqa: TID251 - before settings load
    """Read CMK_HTTP_AUTH; every value except ``entra`` means ``keys``, the safe default."""
    return "entra" if environ.get("CMK_HTTP_AUTH", "").strip().lower() == "entra" else "keys"


def is_scheduled(setting: str, environ: Mapping[str, str] = os.environ) -> bool:  # noqa: TID251 - before settings load
    """Return whether the setting of a schedule has a value.

    The Functions host cannot index a timer without a schedule, and would then start no function at
    all.
    """
    return bool(environ.get(setting, "").strip())


def scan_schedule(environ: Mapping[str, str] = os.environ) -> str:  # noqa: TID251 - before settings load
    """Read CMK_SCAN_SCHEDULE, which is in UTC."""
    return environ.get("CMK_SCAN_SCHEDULE", "")
