"""Transactions are cut by an estimate that is never too low, and not absurdly high."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmk_check.limits import MAX_TRANSACTION_BYTES, RESERVED_WRITES
from cmk_check.ports import Delete, Insert, LimitExceeded, Scalar
from cmk_check.store import table_checks

_VALUES = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
    st.text() | st.booleans() | st.integers(-(2**63), 2**63 - 1),
    max_size=5,
)


@given(_VALUES)
@example({f"{number:0100}".replace("0", "n"): number for number in range(252)})
def test_the_estimate_holds_the_body_that_is_sent(values: dict[str, Scalar]) -> None:
    """A transaction cut by too low an estimate fails on Azure alone."""
    body = {"PartitionKey": "p" * 36, "RowKey": "r", "PartitionKey@odata.type": "Edm.String"}
    for name, value in values.items():
        body |= {name: str(value), f"{name}@odata.type": "Edm.Boolean"}

    assert table_checks.estimate_size(Insert("r", values)) >= len(json.dumps(body))


def test_the_estimate_of_a_deletion_counts_its_key() -> None:
    """The key stands in the address that a transaction names, with three characters for a sign."""
    short, long = (table_checks.estimate_size(Delete(row, "e")) for row in ("r", "~é" * 100))

    assert long - short >= len("~" * 100) + len("%C3%A9" * 100) - 1


def test_hostile_text_stays_on_one_line_of_the_message() -> None:
    """A key from Azure must not write log lines of its own."""
    with pytest.raises(LimitExceeded) as raised:
        table_checks.check([Insert("a\nINFO all is well " + "x" * 500, {})], "p")

    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_values_are_stored_as_plain_types() -> None:
    """Enum members and numbers of other classes come back as text and numbers."""

    class Text(str):
        __slots__ = ()

    class Number(int):
        __slots__ = ()

    stored = table_checks.remove_nones(
        {"text": Text("a"), "number": Number(1), "flag": True, "none": None}
    )

    assert [type(value) for value in stored.values()] == [str, int, bool]
    # A float would lose digits on its way; nothing of ours is one.
    with pytest.raises(TypeError, match="float"):
        table_checks.remove_nones({"ratio": 0.5})  # type: ignore[dict-item]


PARTITION = "p"


def write(number: int, kibibytes: int) -> Insert:
    """Return a write of about this size."""
    texts = {f"text{part}": "x" * 20_480 for part in range(kibibytes // 20)}
    return Insert(f"row{number}", texts)


def exactly(row: str, size: int) -> Insert:
    """Return a write that weighs so many bytes in a transaction."""
    bare = {f"text{part:02}": "" for part in range(20)}
    left = size - table_checks.estimate_size(Insert(row, bare))
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
