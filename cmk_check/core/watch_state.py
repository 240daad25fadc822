"""What the watch for changes knows: what Resource Graph says has changed, and what is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.enums import WatchState
from cmk_check.core.gap import Gap


@dataclass(frozen=True, slots=True)
class RecentChanges:
    """What has changed since some time, each with the time of its latest known change.

    ``subscriptions`` have a change of their own or of an account in them, by lower-cased id.
    ``vaults`` are vaults and managed HSMs, by lower-cased resource id. ``until``: there are more
    changes, none of them before this time. ``gap``: a part of them could not be read.
    """

    subscriptions: Mapping[str, datetime] = field(default_factory=dict)
    vaults: Mapping[str, datetime] = field(default_factory=dict)
    until: datetime | None = None
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What the watch remembers from one look to the next.

    ``cursor`` is the time since which the next look asks for changes. ``last_look`` is when
    Resource Graph last answered, ``last_change`` the time of the latest change that it told.
    ``since`` is when ``state`` began, ``logged_at`` when its last log line was written.
    ``vaults`` are vaults of which no subscription has to be read any more, each with the time of
    the change that this holds for.
    """

    cursor: datetime | None = None
    last_look: datetime | None = None
    last_change: datetime | None = None
    state: WatchState | None = None
    since: datetime | None = None
    logged_at: datetime | None = None
    vaults: tuple[tuple[str, datetime], ...] = ()
