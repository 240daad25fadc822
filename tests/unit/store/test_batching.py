"""Writes are cut into transactions that the table service takes, whatever they weigh."""

from itertools import pairwise

import pytest

from cmk_check.limits import MAX_TRANSACTION_BYTES, RESERVED_WRITES
from cmk_check.ports import Insert
from cmk_check.store import table_checks

PARTITION = "p"


def write(number: int, kibibytes: int) -> Insert:
    """Return a write of about this size."""
    texts = {f"text{part}": "x" * 20_480 for part in range(kibibytes // 20)}
    return Insert(f"row{number}", texts)


def exactly(row: str, size: int) -> Insert:
    """Return a write that weighs so many bytes in a transaction."""
    bare = {f"text{part:02}": "" for part in range(20)}
    left = size - table_checks.transaction_size(Insert(row, bare))
    each = left // len(bare)
    texts = dict.fromkeys(bare, "x" * each)
    texts["text00"] += "x" * (left - each * len(bare))
    return Insert(row, texts)


@pytest.mark.parametrize(("kibibytes", "rows"), [(0, 250), (40, 250), (400, 50)])
def test_each_transaction_fits_and_none_is_cut_needlessly(kibibytes: int, rows: int) -> None:
    """The service refuses one that is too large: its subscription could never be recorded."""
    writes = [write(number, kibibytes) for number in range(rows)]

    cut = list(table_checks.batches(writes))

    for batch, following in pairwise(cut):
        table_checks.check(batch, PARTITION)
        heavier = sum(map(table_checks.transaction_size, [*batch, following[0]]))
        assert len(batch) == 100 or heavier > 4 * 1024 * 1024
    assert [entry for batch in cut for entry in batch] == writes
    assert list(table_checks.batches([])) == []


@pytest.mark.parametrize(("more", "transactions"), [(0, [16, 1]), (1, [15, 2])])
def test_a_transaction_is_filled_to_its_last_byte(more: int, transactions: list[int]) -> None:
    """The second one, too: what went before weighs nothing in it."""
    eighth = MAX_TRANSACTION_BYTES // 16
    writes = [exactly(f"row{number:02}", eighth) for number in range(17)]
    writes[0] = exactly("row00", eighth + more)

    assert [len(batch) for batch in table_checks.batches(writes)] == transactions


def test_a_group_that_has_no_room_left_begins_a_transaction() -> None:
    """An account and its changes are written together, beside the rows that come later."""
    groups = [(write(2 * number, 400), write(2 * number + 1, 20)) for number in range(20)]
    later = [write(1000 + number, 500) for number in range(RESERVED_WRITES)]

    cut = list(table_checks.group_batches(groups, reserve=RESERVED_WRITES))

    assert len(cut) > 1
    assert [group for batch in cut for group in batch] == groups
    for batch in cut:
        table_checks.check([*later, *(entry for group in batch for entry in group)], PARTITION)
