"""Find the pause that a response from Azure or from a webhook's receiver requests."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_NUMBER: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
_CLOCK: Final = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the pause in seconds that a response's headers request, or None.

    Azure sends seconds, a date, or milliseconds in a separate header
    (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling);
    Resource Graph sends the time until its quota resets as hh:mm:ss
    (https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests).
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if _NUMBER.fullmatch(text := headers.get(name, "").strip()):
            return float(text) / 1000
    text = headers.get("retry-after", "").strip()
    if not text and (quota := _CLOCK.fullmatch(headers.get("x-ms-user-quota-resets-after", ""))):
        hours, minutes, seconds = (int(part) for part in quota.groups())
        return float(hours * 3600 + minutes * 60 + seconds)
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        return max(0.0, (until.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
