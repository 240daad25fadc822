"""Which changes are alerts: those of the types asked for, but no account of a first inventory."""

from collections.abc import Set as AbstractSet

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change


def is_alert(change: Change, alert_on: AbstractSet[str]) -> bool:
    """Tell whether a change is to be posted; ``alert_on`` holds full types.

    What the first scan finds of accounts is told as the one ``scan.baseline`` instead, which names
    the broken keys; a subscription that it cannot read is an alert at once.
    """
    if change.data.get("baseline") is True and change.type is not ChangeType.SCAN_BASELINE:
        return False
    return change.type.value in alert_on
