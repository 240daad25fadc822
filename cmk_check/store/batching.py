"""Divides writes into transactions within the table service's limits: 100 operations, 4 MiB."""

from collections.abc import Iterable, Iterator, Sequence

from cmk_check.limits import MAX_TRANSACTION_BYTES, MAX_TRANSACTION_WRITES, RESERVED_WRITE_BYTES
from cmk_check.ports import Write
from cmk_check.store import table_checks


def batches(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """Divide writes into transactions, in order."""
    for groups in group_batches([(write,) for write in writes]):
        yield [write for (write,) in groups]


def group_batches[T: Sequence[Write]](groups: Iterable[T], reserve: int = 0) -> Iterator[list[T]]:
    """Divide groups of writes into transactions without splitting a group.

    ``reserve`` keeps room in each for this many further writes of at most 512 KiB.
    """
    most_writes = MAX_TRANSACTION_WRITES - reserve
    most_bytes = MAX_TRANSACTION_BYTES - reserve * RESERVED_WRITE_BYTES
    batch: list[T] = []
    writes = weight = 0
    for group in groups:
        size = sum(table_checks.transaction_size(write) for write in group)
        if batch and (writes + len(group) > most_writes or weight + size > most_bytes):
            yield batch
            batch, writes, weight = [], 0, 0
        batch.append(group)
        writes += len(group)
        weight += size
    if batch:
        yield batch
