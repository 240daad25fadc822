"""When the rotation policy of a key makes a version, and when that ends, by the calendar.

https://learn.microsoft.com/azure/key-vault/keys/how-to-configure-key-rotation
"""

import calendar
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_DURATION: Final = re.compile("P(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?")


def moved(seconds: int, duration: str, sign: int = 1) -> int:
    """Return the Unix seconds so much later, or earlier with the sign -1."""
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(duration)
    years, months, days = (int(number or 0) for number in match.groups())
    time = datetime.fromtimestamp(seconds, UTC)
    year, month = divmod(12 * time.year + time.month - 1 + sign * (12 * years + months), 12)
    day = min(time.day, calendar.monthrange(year, month + 1)[1])
    time = time.replace(year=year, month=month + 1, day=day) + sign * timedelta(days=days)
    return int(time.timestamp())


def due(policy: Mapping[str, Any], attributes: Mapping[str, Any]) -> int | None:
    """Return when a policy replaces a version with these attributes, or None for never."""
    for action in policy.get("lifetimeActions", ()):
        trigger = {name: text for name, text in action["trigger"].items() if text}
        if action["action"]["type"].lower() != "rotate":
            continue
        if "timeAfterCreate" in trigger:
            time = moved(attributes["created"], trigger["timeAfterCreate"])
        elif "exp" in attributes:
            time = moved(attributes["exp"], trigger["timeBeforeExpiry"], -1)
        else:
            continue
        return max(time, int(policy.get("attributes", {}).get("updated", 0)))
    return None
