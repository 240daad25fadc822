"""The findings table: state and change in one transaction, cut where the service wants it cut."""

from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from cmk_check.core.account import Account
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import CoverageState
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.ports import Delete, Insert, Replace, Table
from cmk_check.store import codec, table_checks, table_keys
from cmk_check.store.findings import FindingsTable, RecordBatch, record_batches
from cmk_check.store.outbox import outbox_write
from cmk_check.store.subscription_rows import StoredSubscription
from tests.fakes.keys import DISABLED
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import account, bad, good, odd, sub
from tests.unit.core.examples import FORBIDDEN, HOUR, ID, NOON, compared, recorded
from tests.unit.store.findings_kit import CLAIM, PARTITION, filled, record


def heavy(subscription_id: str, name: str) -> Account:
    """Return an account of which every text is as long as it may be."""
    long = "\U0001f600"
    return account(subscription_id, name, key_name=long * 256, tags={"owner": long * 64})


def transactions(store: RecordingStore) -> list[tuple[object, ...]]:
    """Return the writes of each commit that happened."""
    return [operation.writes for operation in store.log if operation.name == "commit"]


async def test_recording_goes_through_every_kind_of_step() -> None:
    """P3: a new account, another one changed, a third gone; states and changes are one write."""
    store, stored = await filled(good(ID, "a"), bad(ID, "b"))
    difference = compared(stored.known, bad(ID, "a"), odd(ID, "c"), at=NOON + HOUR)

    await record(store, stored, difference)

    again = await FindingsTable(store).read_one(PARTITION)
    assert again.known.findings == recorded(difference).findings
    assert len(again.outbox.entries) == 5
    kinds = {getattr(write, "row", ""): type(write) for write in transactions(store)[-1]}
    assert [kinds[f"finding|rg|{name}"] for name in "abc"] == [Replace, Delete, Insert]
    assert kinds["coverage"] is Replace


@pytest.mark.parametrize(
    ("make", "keys", "number", "in_each"),
    [
        *((bad, None, number, 49) for number in (1, 49, 50, 1000)),
        *((good, DISABLED, number, 32) for number in (1, 32, 33, 100)),
        (heavy, None, 200, 40),  # 4 MiB are full before a hundred writes are
    ],
)
async def test_a_large_subscription_is_cut_into_transactions_that_the_service_takes(
    make: Callable[[str, str], Account], keys: KeyFacts | None, number: int, in_each: int
) -> None:
    """P3: each has the coverage row as its guard, right sums, and all changes of its accounts."""
    accounts = [make(ID, f"chat-{count:04}") for count in range(number)]
    difference = compared(Known(), *accounts, gap=FORBIDDEN, keys=keys)
    batches = list(record_batches(StoredSubscription(PARTITION), difference, CLAIM))
    told_of_each = 2 if keys else 1

    done = 0
    for batch in batches:
        guard = Insert(table_keys.COVERAGE, codec.encode_coverage(batch.coverage))
        table_checks.check([guard, *batch.writes, *map(outbox_write, batch.changes)], PARTITION)
        subjects = Counter(c.subject for c in batch.changes if "account" in c.subject)
        assert list(subjects.values()) == [told_of_each] * len(batch.writes)
        done += len(batch.writes)
        assert batch.coverage.accounts.total == done
        assert batch.coverage.recording == (None if batch is batches[-1] else CLAIM)
    assert len(batches) == -(-number // in_each)
    assert done == number
    assert sequences(batches) == list(range(1, told_of_each * number + 2))
    assert batches[-1].coverage == difference.coverage


def sequences(batches: Sequence[RecordBatch]) -> list[int]:
    """Return the sequence numbers of all changes; each row must name the last one so far."""
    numbers: list[int] = []
    for batch in batches:
        numbers += [change.sequence for change in batch.changes]
        assert batch.coverage.sequence == len(numbers)
    return numbers


async def test_a_large_recording_keeps_its_mark_until_the_last_transaction() -> None:
    """Whoever reads in between sees that it is not all there (P1)."""
    store = RecordingStore()
    difference = compared(Known(), *(bad(ID, f"chat-{count:04}") for count in range(120)))

    await record(store, StoredSubscription(PARTITION), difference)

    rows_written = [writes[0] for writes in transactions(store)]
    marks = [getattr(row, "values", {}).get("recording") for row in rows_written]
    states = [getattr(row, "values", {}).get("coverage") for row in rows_written]
    assert marks == [CLAIM, CLAIM, CLAIM, None]
    assert states == [CoverageState.PENDING] * 3 + [CoverageState.READ]


async def test_a_range_brings_its_partitions_and_no_other() -> None:
    """Two slices must not work on one subscription."""
    store = RecordingStore()
    for number in (1, 2, 3):
        coverage = compared(Known()).coverage
        partition = table_keys.get_partition(sub(number))
        await store.commit(
            Table.FINDINGS,
            partition,
            [Insert(table_keys.COVERAGE, codec.encode_coverage(coverage))],
        )
    table = FindingsTable(store)

    low, high = table_keys.get_partition(sub(2)), table_keys.get_partition(sub(3))

    assert [found.partition async for found in table.subscriptions(low, high)] == [low]
    assert len([found async for found in table.subscriptions("", "")]) == 3
