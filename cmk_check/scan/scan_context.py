"""The options, ports and tables of a scan."""

from asyncio import Lock, Semaphore
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from cmk_check.alerts.outbox_relay import Relay
from cmk_check.core.enums import ExceptionMode
from cmk_check.core.exceptions.judge_exception import ExceptionRules
from cmk_check.core.gap import Gap
from cmk_check.core.posture import Expectations
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.scope import Scope
from cmk_check.core.status import ALL_PUBLISHED, Unpublished
from cmk_check.core.watch_state import Watch
from cmk_check.limits import SLICE_READING, SLICE_SUBSCRIPTIONS, SUBSCRIPTION_SECONDS
from cmk_check.ports import (
    AccountSearch,
    Clock,
    ExemptionInventory,
    Inventory,
    KeyInventory,
    TextQueue,
)
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scan_rows import Scan
from cmk_check.store.scans import ScanTable


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """The options of a scan; ``kinds`` maps lower-cased kinds in scope to their usual spelling.

    ``management_group`` names the group whose subscriptions must be visible, or is None.
    """

    kinds: Mapping[str, str]
    expectations: Expectations
    scope: Scope = field(default_factory=Scope)
    slice_size: int = SLICE_SUBSCRIPTIONS
    subscription_timeout: float = SUBSCRIPTION_SECONDS
    reading_deadline: timedelta = SLICE_READING
    hostname: str | None = None
    management_group: str | None = None
    exception_rules: ExceptionRules = field(default_factory=ExceptionRules)

    @property
    def recorded_scope(self) -> RecordedScope:
        """The scope that a scan with these options records."""
        counted = self.expectations.exceptions is not ExceptionMode.OFF
        return RecordedScope.of(
            self.kinds,
            self.scope.include,
            self.scope.exclude,
            self.management_group,
            self.exception_rules.list_for_scope() if counted else (),
        )


class ScanSink(Protocol):
    """A receiver of reports about started and ended scans and about the watch."""

    async def report_scan(self, scan: Scan, unpublished: Unpublished = ALL_PUBLISHED) -> None:
        """Receive a scan's start or end; ``unpublished`` covers the whole estate."""
        ...

    async def report_watch(self, watch: Watch, gap: Gap | None) -> None:
        """Receive the state of the watch; ``gap`` is the reason if the watch is blind."""
        ...


@dataclass(frozen=True, slots=True)
class ScanContext:
    """The ports and tables of a scan.

    If two slices shared the limits evenly, both would run out of subscriptions at the same time.
    With ``table_lock``, the next slice uses the capacity that becomes free at the end of a slice.
    """

    inventory: Inventory
    findings_table: FindingsTable
    scans: ScanTable
    relay: Relay
    feed: FeedTable
    keep: timedelta
    """How long changes and scans are kept."""
    slice_queue: TextQueue
    scan_sink: ScanSink
    clock: Clock
    subscription_limit: Semaphore
    """Limits how many subscriptions' accounts all slices of the process list at once."""
    recording_limit: Semaphore
    """Limits how many subscriptions are read further and recorded while others are listed."""
    table_lock: Lock
    """Held while a slice reads its range, so that its subscriptions precede the next slice's."""
    new_id: Callable[[], str]
    """Creates UUIDs."""
    options: ScanOptions
    keys: Callable[[], KeyInventory] | None = None
    """Opens a reader for each slice, like ``exemptions``; None if key health is off."""
    account_search: AccountSearch | None = None
    """The second source of accounts; None if account lists are not cross-checked."""
    exemptions: Callable[[], ExemptionInventory] | None = None
    keeps_cut_off: bool = False
    """Whether a cancelled scan records what it has read of a subscription without a row."""
    overdue_queue: TextQueue | None = None
    """The queue of the second clock; without a queue, scans leave no message."""
