"""The state of the watch: the changes reported by Resource Graph and those already handled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cmk_check.core.enums import WatchState
from cmk_check.core.gap import Gap


@dataclass(frozen=True, slots=True)
class RecentChanges:
    """The resources that changed, each with the time of its latest known change.

    ``subscriptions`` are subscriptions that changed or contain a changed account, by lower-cased
    id. ``vaults`` are vaults and managed HSMs, by lower-cased resource id. If ``until`` is set,
    changes after this time may be missing. If ``gap`` is set, some changes could not be read.
    """

    subscriptions: Mapping[str, datetime] = field(default_factory=dict)
    vaults: Mapping[str, datetime] = field(default_factory=dict)
    until: datetime | None = None
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """The state that the watch stores between its queries.

    ``cursor`` is the time from which the next query requests changes. ``last_look`` is when
    Resource Graph last responded. ``last_change`` is the time of the latest change in its
    responses. ``since`` is when ``state`` began. ``logged_at`` is when the last log line about the
    state was written. ``vaults`` are vaults whose change needs no further reading of subscriptions,
    each with the time of its change.
    """

    cursor: datetime | None = None
    last_look: datetime | None = None
    last_change: datetime | None = None
    state: WatchState | None = None
    since: datetime | None = None
    logged_at: datetime | None = None
    vaults: tuple[tuple[str, datetime], ...] = ()
