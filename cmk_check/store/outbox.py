"""Outbox rows: changes of subscriptions and scans that are recorded but not yet published."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cmk_check.core.model import Change
from cmk_check.ports import Entity, Insert, LimitExceeded, Table
from cmk_check.store import codec, table_keys
from cmk_check.store.codec import RowUnusable

_log = logging.getLogger(__name__)

OF_SCANS: Final = "scan"
"""The partition of the scans' own outbox."""


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A change in an outbox, and the ETag of its row."""

    change: Change
    etag: str

    @property
    def place(self) -> tuple[Table, str, str]:
        """The key of its row, which is unique; a change's id may be forged."""
        return place_of(self.change)


def place_of(change: Change) -> tuple[Table, str, str]:
    """Return the only outbox row from which a change may be published.

    Raises:
        LimitExceeded: the change does not fit into a key.

    """
    row = table_keys.outbox_row(change.sequence, change.id)
    if change.source.startswith("/scans/"):
        return Table.SCANS, OF_SCANS, row
    subscription_id = change.source.removeprefix("/subscriptions/")
    return Table.FINDINGS, table_keys.partition_of(subscription_id), row


def outbox_write(change: Change) -> Insert:
    """Return the write of a change's outbox row."""
    return Insert(table_keys.outbox_row(change.sequence, change.id), codec.change_values(change))


def outbox_entries(table: Table, entities: Iterable[Entity]) -> tuple[OutboxEntry, ...]:
    """Read the outbox rows among these rows.

    A row that is broken, forged, newer or unknown is logged and skipped: it must not block the
    other changes.
    """
    entries: list[OutboxEntry] = []
    for entity in entities:
        if not entity.row.startswith(table_keys.OUTBOX_FROM):
            _log.warning("Partition %s has an unknown row: %.200a", entity.partition, entity.row)
            continue
        if codec.is_newer_change(entity):
            waits = codec.too_new(entity, "recorded this change")
            _log.error("Partition %s, row %.200a. %s", entity.partition, entity.row, waits)
            continue
        try:
            change = _change_in(table, entity)
        except (RowUnusable, LimitExceeded) as error:
            _log.error("A change cannot be published: %s", error)
            continue
        entries.append(OutboxEntry(change, entity.etag))
    return tuple(entries)


def _change_in(table: Table, entity: Entity) -> Change:
    """Read a change; the row's key must match its columns.

    Otherwise the change might never be published and block all later ones, or might report on
    another subscription.
    """
    change = codec.change_of(entity)
    of_source = f"{change.subject}/".startswith(f"{change.source}/")
    if place_of(change) != (table, entity.partition, entity.row) or not of_source:
        where = f"{entity.partition} / {entity.row}"
        raise RowUnusable(
            f"Row {where}: id, sequence, source and subject must match the row's partition "
            "and key; find out who wrote the row, and delete it."
        )
    return change
