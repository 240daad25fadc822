"""Alert routes: which changes are alerts, and which receivers get an alert."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Literal

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change

# The route that the CMK_WEBHOOK_URL setting defines.
WEBHOOK: Final = "webhook"
# The names of settings contain the name of a route in upper case.
ROUTE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_OWNERS: Final = ("owner", "previousOwner")


def is_alert(change: Change, alert_on: AbstractSet[str]) -> bool:
    """Return whether a change is an alert; ``alert_on`` contains full change types.

    All findings of the first scan are announced in one ``scan.baseline`` change, which names the
    broken keys. A subscription that the first scan cannot read causes an alert at once.
    """
    if change.data.get("baseline") is True and change.type is not ChangeType.SCAN_BASELINE:
        return False
    return change.type.value in alert_on


@dataclass(frozen=True, slots=True)
class Route:
    """An alert route, with its receiver, the format of posts, and filters.

    ``style`` is the format of posts. ``alert_on`` contains full change types. ``owners`` contains
    values of owner tags, and None for accounts without an owner. A filter that is None excludes
    nothing. ``repr`` hides the URL and the secrets.
    """

    name: str
    url: str = field(repr=False)
    style: str = "cloudevents"
    secrets: tuple[str, ...] = field(default=(), repr=False)
    alert_on: AbstractSet[str] | None = None
    owners: AbstractSet[str | None] | None = None

    @property
    def url_setting(self) -> str:
        """The name of the setting for the route's URL."""
        return get_setting_name(self.name, "URL")

    @property
    def format_setting(self) -> str:
        """The name of the setting for the route's format."""
        return "CMK_WEBHOOK_FORMAT" if self.name == WEBHOOK else "CMK_ROUTES"

    def takes(self, change: Change) -> bool:
        """Return whether this route receives an alert for a change.

        Owners are compared exactly. A change of owner is also sent to the previous owner's route. A
        change without an owner, such as a failed scan, is sent only to routes without ``owners``.
        """
        if self.alert_on is not None and change.type.value not in self.alert_on:
            return False
        if self.owners is None:
            return True
        owners = (change.data[name] for name in _OWNERS if name in change.data)
        return any(_is_one_of(self.owners, owner) for owner in owners)


def _is_one_of(owners: AbstractSet[str | None], owner: object) -> bool:
    match owner:
        case {"value": str(value)}:
            return value in owners
        case None:
            return None in owners
        case _:
            return False


def get_setting_name(name: str, kind: Literal["URL", "SECRET"]) -> str:
    """Return the name of the setting for a route's URL or secret."""
    return f"CMK_WEBHOOK_{kind}" if name == WEBHOOK else f"CMK_ROUTE_{name.upper()}_{kind}"
