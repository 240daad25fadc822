"""Writes are cut into transactions that the table service takes, whatever they weigh."""

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
