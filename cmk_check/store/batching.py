"""Cutting writes into transactions that the table service takes: 100 operations, 4 MiB."""

from collections.abc import Iterable, Iterator, Sequence

from cmk_check.limits import MAX_TRANSACTION_BYTES, MAX_TRANSACTION_WRITES, RESERVED_WRITE_BYTES
from cmk_check.ports import Write
from cmk_check.store import table_limits


def batches(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """Cut writes into transactions, in order."""
    for groups in group_batches([(write,) for write in writes]):
        yield [write for (write,) in groups]


def group_batches[T: Sequence[Write]](groups: Iterable[T], reserve: int = 0) -> Iterator[list[T]]:
    """Cut groups of writes into transactions without cutting a group.

    ``reserve`` keeps room in each for so many further writes, of 512 KiB at most.
    """
    most_writes = MAX_TRANSACTION_WRITES - reserve
    most_bytes = MAX_TRANSACTION_BYTES - reserve * RESERVED_WRITE_BYTES
    batch: list[T] = []
    writes = weight = 0
    for group in groups:
        size = sum(table_limits.transaction_size(write) for write in group)
        if batch and (writes + len(group) > most_writes or weight + size > most_bytes):
            yield batch
            batch, writes, weight = [], 0, 0
        batch.append(group)
        writes += len(group)
        weight += size
    if batch:
        yield batch
