"""The rows of the scans table: lease, status, scans and slices, each stored as a JSON document.

A document is split into properties ``document0``, ``document1``, ... because one property can
contain at most 32,768 characters. A few more properties make the table readable for people.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from cmk_check.core.account import Subscription
from cmk_check.core.enums import Disposition, PostureVerdict, ScanState, Trigger
from cmk_check.core.gap import Gap
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.core.rule import RULE_VERSION
from cmk_check.core.status import Status, Summary
from cmk_check.core.watch_state import Watch
from cmk_check.limits import DOCUMENT_PIECE_CHARS
from cmk_check.ports import Entity, Scalar
from cmk_check.store import stored_words
from cmk_check.store.codec import SCHEMA, STAMP, RowTooNew, RowUnusable, is_too_new, too_new
from cmk_check.store.row_times import is_usable_time
from cmk_check.store.stored_words import StandIns

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease of a scan and its expiry; ``epoch`` counts leases, ``scan_id`` may be empty."""

    scan_id: str
    epoch: int
    expires: datetime

    def is_held(self, now: datetime, most: timedelta) -> bool:
        """Return whether a scan has the lease; a lease for longer than ``most`` is invalid."""
        return bool(self.scan_id) and now < self.expires <= now + most


@dataclass(frozen=True, slots=True)
class Scan:
    """A full or partial scan.

    A partial scan reads only the subscriptions in ``named``, except those in ``not_found``.
    """

    id: str
    epoch: int
    trigger: Trigger
    started_at: datetime
    state: ScanState = ScanState.RUNNING
    plan_id: str | None = None
    """The id of the plan, set by the plan, like ``slices``."""
    slices: int = 0
    visible: int = 0
    """The number of subscriptions that Azure listed."""
    baseline: bool = False
    """Whether no scan had finished before this scan."""
    supersedes: str | None = None
    """The abandoned scan that this scan follows."""
    finished_at: datetime | None = None
    reason: str | None = None
    posture: PostureVerdict | None = None
    """The estate's posture, set at the end of the scan, like ``summary``."""
    summary: Summary | None = None
    rule_version: str = RULE_VERSION
    scope: RecordedScope | None = None
    """The scope when the scan was planned; None before planning."""
    group_unread: Gap | None = None
    """Why the management group could not be read, or None."""
    named: tuple[str, ...] = ()
    """The requested lower-cased subscription ids, sorted."""
    not_found: tuple[str, ...] = ()
    was_lowered: bool = False
    """Taken from the status when the scan began, like the next field."""
    lowered_for: tuple[str, ...] = ()
    leaves_message: bool = False
    """Whether the scan has left a message for the second clock."""
    overdue: bool = False
    """Whether the second clock started the scan; its trigger is then ``timer``."""

    @property
    def is_partial(self) -> bool:
        """Whether the scan reads only some subscriptions."""
        return bool(self.named)

    @property
    def misses_some(self) -> bool:
        """Whether a request named subscriptions that do not exist; the watch may name such ids."""
        return bool(self.not_found) and self.trigger is not Trigger.WATCH

    def has_recorded(self, subscription_id: str) -> bool:
        """Return whether the scan has ended and has recorded this named subscription."""
        summary = self.summary
        if subscription_id not in self.named or summary is None:
            return False
        return not summary.unnamed and summary.unwritten_gap(subscription_id) is None


@dataclass(frozen=True, slots=True)
class Planned:
    """A subscription and what the scan must do with it."""

    subscription: Subscription
    disposition: Disposition


@dataclass(frozen=True, slots=True)
class Slice:
    """A range of partitions for one invocation."""

    number: int
    plan_id: str
    low: str
    """The first partition of the range."""
    high: str
    """The first partition after the range; "" means to the end."""
    subscriptions: tuple[Planned, ...] = ()
    """The planned subscriptions; in a partial scan, only these are read."""
    claim: str | None = None
    claimed_until: datetime | None = None
    summary: Summary | None = None
    """The sums, set when the slice is done."""
    failed: bool = False
    """Whether the slice's subscriptions were not read."""
    changes: int = 0
    """The number of changes that earlier deliveries recorded and published."""

    @property
    def is_done(self) -> bool:
        """Whether the slice is done."""
        return self.summary is not None

    def is_held(self, now: datetime, most: timedelta) -> bool:
        """Return whether a worker's claim is valid; a claim for longer than ``most`` is not.

        Such a claim comes from a clock that ran ahead, and would block the slice until that time.
        """
        return self.claimed_until is not None and now < self.claimed_until <= now + most


@dataclass(frozen=True, slots=True)
class Stored[T]:
    """A value as read, with its row's ETag and schema; the ETag is empty without a row.

    If the row is broken, the value is a default.
    """

    value: T
    etag: str
    schema: int = SCHEMA
    is_broken: bool = False


# Replacements for unknown words, never favourable; reasons are left out of the history.
_WORDS: Final[StandIns] = {
    "trigger": "timer",
    "reason": "slice_failed",
    "lowered": "running_scan_found_worse",
    "posture": "unknown",
    "reasons": None,
}

LEASE: Final = TypeAdapter(Lease)
SCAN: Final = TypeAdapter(Scan)
SLICE: Final = TypeAdapter(Slice)
STATUS: Final = TypeAdapter(Status)
WATCH: Final = TypeAdapter(Watch)


def document[T](
    adapter: TypeAdapter[T], value: T, columns: Mapping[str, Scalar] | None = None
) -> dict[str, Scalar]:
    """Return a value as a row."""
    text, size = adapter.dump_json(value).decode(), DOCUMENT_PIECE_CHARS
    starts = range(0, len(text), size)
    pieces = {f"document{start // size}": text[start : start + size] for start in starts}
    return {**STAMP, **(columns or {}), **pieces}


def value_of[T](adapter: TypeAdapter[T], entity: Entity) -> Stored[T]:
    """Read a value from its row.

    Raises:
        RowTooNew: a newer version wrote the row.
        RowUnusable: the row is broken.
    """
    if is_too_new(entity):
        raise too_new(entity)
    pieces: list[str] = []
    while isinstance(piece := entity.values.get(f"document{len(pieces)}"), str):
        pieces.append(piece)
    try:
        value = stored_words.read(adapter, _WORDS, "".join(pieces))
        is_usable = _has_usable_times(value)
    except ValueError:
        is_usable = False
    schema = entity.values.get("schema")
    if not (is_usable and isinstance(schema, int)):
        row = f"Row {entity.partition} / {entity.row}"
        raise RowUnusable(f"{row} is not a document of this program; delete the row to repair it.")
    return Stored(value, entity.etag, schema)


def value_or[T](otherwise: T, adapter: TypeAdapter[T], entity: Entity | None) -> Stored[T]:
    """Read a value; return ``otherwise`` if there is no row or a broken row.

    The next write replaces a broken row.

    Raises:
        RowTooNew: a newer version wrote the row.
    """
    if entity is None:
        return Stored(otherwise, "")
    try:
        return value_of(adapter, entity)
    except RowTooNew:
        raise
    except RowUnusable:
        place = entity.partition, entity.row
        _log.warning("Row %s / %s is broken; the next write replaces it.", *place)
        return Stored(otherwise, entity.etag, is_broken=True)


def _has_usable_times(value: object) -> bool:
    """Check all times in a value and in its nested values; mappings contain no times."""
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, tuple):
            left += part
        elif isinstance(part, Planned):
            continue  # these make up most of a slice and contain no times
        elif not isinstance(part, datetime):
            # Like `dataclasses.fields`, but several times as fast, because it runs for every row
            # read.
            left += [getattr(part, name) for name in getattr(part, "__dataclass_fields__", ())]
        elif not is_usable_time(part):
            return False
    return True
