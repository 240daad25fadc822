"""Read the settings that ``function_app`` and the dashboard need: authorisation and schedules.

This module is separate from the ``settings`` module, so that a cold start does not load pydantic
before the first invocation. ``Settings.load`` reports an invalid value later.
"""

import os
from collections.abc import Mapping
from typing import Literal

type HttpAuth = Literal["keys", "entra"]


def read_http_auth(environ: Mapping[str, str] = os.environ) -> HttpAuth:  # noqa: TID251 - before settings load
    """Read CMK_HTTP_AUTH; any value other than ``entra`` means ``keys``, the safe default."""
    return "entra" if environ.get("CMK_HTTP_AUTH", "").strip().lower() == "entra" else "keys"


def is_scheduled(setting: str, environ: Mapping[str, str] = os.environ) -> bool:  # noqa: TID251 - before settings load
    """Return whether the setting for a timer's schedule has a value.

    If a timer had no schedule, the Functions host could not index it and would start no function.
    """
    return bool(environ.get(setting, "").strip())


def scan_schedule(environ: Mapping[str, str] = os.environ) -> str:  # noqa: TID251 - before settings load
    """Read CMK_SCAN_SCHEDULE, whose times are in UTC."""
    return environ.get("CMK_SCAN_SCHEDULE", "")
