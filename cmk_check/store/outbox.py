"""Outbox rows: changes that are recorded and not yet published, of subscriptions and of scans."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from cmk_check.core.model import Change
from cmk_check.errors import LimitExceeded, RowUnusable
from cmk_check.ports import Entity
from cmk_check.store import rows, table_keys

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A change in an outbox: its row, and the change."""

    partition: str
    row: str
    etag: str
    change: Change


def outbox_entries(entities: Iterable[Entity]) -> tuple[OutboxEntry, ...]:
    """Read the outbox rows among these.

    A row that is broken, newer or not ours is left alone, with a log line: it must not hold up the
    changes of all others.
    """
    entries: list[OutboxEntry] = []
    for entity in entities:
        if not entity.row.startswith(table_keys.OUTBOX_FROM) or rows.is_too_new(entity):
            _log.warning("Partition %s has an unknown row: %.200a", entity.partition, entity.row)
            continue
        try:
            change = _change_in(entity)
        except (RowUnusable, LimitExceeded) as error:
            _log.warning("A change cannot be published: %s", error)
            continue
        entries.append(OutboxEntry(entity.partition, entity.row, entity.etag, change))
    return tuple(entries)


def _change_in(entity: Entity) -> Change:
    """Read a change; its row must have the key that follows from its columns.

    Otherwise it might never be published, and all changes behind it would wait.
    """
    change = rows.change_of(entity)
    if entity.row != table_keys.outbox_row(change.sequence, change.id):
        where = f"{entity.partition} / {entity.row}"
        raise RowUnusable(f"Row {where}: id and sequence must be those of the row's key.")
    return change
