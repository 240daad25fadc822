"""Outbox rows: changes of subscriptions and scans that are recorded but not yet published."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cmk_check.core.model import Change
from cmk_check.core.status import ALL_PUBLISHED, Unpublished
from cmk_check.ports import Entity, Insert, LimitExceeded, Table
from cmk_check.store import codec, table_keys
from cmk_check.store.codec import RowUnusable

_log = logging.getLogger(__name__)

OF_SCANS: Final = "scan"
"""The partition that contains the outbox of scans."""


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A change in an outbox, and the ETag of its row."""

    change: Change
    etag: str

    @property
    def place(self) -> tuple[Table, str, str]:
        """The key of the outbox row, which is unique; a change's id may be forged."""
        return get_place(self.change)


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox rows of a partition; ``unreadable`` rows cannot be published."""

    entries: tuple[OutboxEntry, ...] = ()
    unreadable: Unpublished = ALL_PUBLISHED


def count_unpublished(entries: Iterable[OutboxEntry]) -> Unpublished:
    """Count changes that remain in an outbox."""
    return Unpublished.of(entry.change.time for entry in entries)


def get_place(change: Change) -> tuple[Table, str, str]:
    """Return the only outbox row from which a change may be published.

    Raises:
        LimitExceeded: the change does not fit into a key.
    """
    row = table_keys.outbox_row(change.sequence, change.id)
    if change.source.startswith("/scans/"):
        return Table.SCANS, OF_SCANS, row
    subscription_id = change.source.removeprefix("/subscriptions/")
    return Table.FINDINGS, table_keys.get_partition(subscription_id), row


def outbox_write(change: Change) -> Insert:
    """Return the insert of a change's outbox row."""
    return Insert(table_keys.outbox_row(change.sequence, change.id), codec.encode_change(change))


def read_outbox(table: Table, entities: Iterable[Entity]) -> Outbox:
    """Parse the outbox rows among these rows.

    A row that is broken, forged, newer or unknown is logged and skipped, so that it does not block
    the other changes. A skipped row is counted unless it is unknown, because nobody receives its
    change.
    """
    entries: list[OutboxEntry] = []
    unreadable: list[datetime | None] = []
    for entity in entities:
        if not entity.row.startswith(table_keys.OUTBOX_FROM):
            _log.warning("Partition %s has an unknown row: %.200a", entity.partition, entity.row)
            continue
        try:
            entries.append(OutboxEntry(_decode_change(table, entity), entity.etag))
        except (RowUnusable, LimitExceeded) as error:
            where = f"partition {entity.partition}, row {entity.row[:200]!a}"
            _log.error("A change cannot be published (%s). %s", where, error)
            unreadable.append(_read_time(entity))
    return Outbox(tuple(entries), Unpublished.of(unreadable))


def _read_time(entity: Entity) -> datetime | None:
    try:
        return codec.Reader(entity).read_parsed(codec.decode_time, "time")
    except RowUnusable:
        return None


def _decode_change(table: Table, entity: Entity) -> Change:
    """Read a change; the row's key must match its columns.

    Otherwise the change might never be published and block all later changes, or might report on
    another subscription.
    """
    change = codec.decode_change(entity)
    of_source = f"{change.subject}/".startswith(f"{change.source}/")
    if get_place(change) != (table, entity.partition, entity.row) or not of_source:
        where = f"{entity.partition} / {entity.row}"
        raise RowUnusable(
            f"Row {where}: id, sequence, source and subject must match the row's partition "
            "and key; find out who wrote the row, and delete it."
        )
    return change
