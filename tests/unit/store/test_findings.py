"""The findings table: state and change in one transaction, cut where the service wants it cut."""

from collections.abc import Sequence

import pytest

from cmk_check.core.account import Account
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import CoverageState
from cmk_check.ports import Delete, Insert, Replace, Table, WriteConflict
from cmk_check.store import codec, table_checks, table_keys
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.findings import FindingsTable, RecordBatch, record_batches
from cmk_check.store.outbox import outbox_write
from cmk_check.store.subscription_rows import StoredSubscription
from tests.fakes.keys import DISABLED
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import account, bad, good, odd, sub
from tests.unit.core.examples import FORBIDDEN, HOUR, ID, NOON, compared, recorded
from tests.unit.store.findings_kit import CLAIM, PARTITION, filled, record


def many(number: int, **fields: object) -> list[Account]:
    """Return accounts without a customer-managed key."""
    return [account(ID, f"chat-{count:04}", **fields) for count in range(number)]


def transactions(store: RecordingStore) -> list[tuple[object, ...]]:
    """Return the writes of each commit that happened."""
    return [operation.writes for operation in store.log if operation.name == "commit"]


async def test_what_is_recorded_is_read_back() -> None:
    """The next scan compares with the table alone (P4)."""
    accounts = (good(ID, "a"), bad(ID, "b"), odd(ID, "c"))
    difference = compared(Known(), *accounts)

    _, stored = await filled(*accounts)

    assert stored.known.findings == recorded(difference).findings
    assert stored.known.coverage == difference.coverage
    assert [entry.change.sequence for entry in stored.outbox] == [1, 2, 3]
    assert stored.unusable is None


async def test_a_state_and_its_change_stand_in_one_transaction() -> None:
    """No state without its change, no change without its state (P3)."""
    store, _ = await filled(bad(ID, "a"), bad(ID, "b"))

    (writes,) = transactions(store)
    assert [getattr(write, "row", "").split("|")[0] for write in writes] == [
        "coverage",
        "finding",
        "finding",
        "outbox",
        "outbox",
    ]


async def test_recording_goes_through_every_kind_of_step() -> None:
    """One reading may bring a new account, change another, and miss a third."""
    store, stored = await filled(good(ID, "a"), bad(ID, "b"))
    difference = compared(stored.known, bad(ID, "a"), odd(ID, "c"), at=NOON + HOUR)

    await record(store, stored, difference)

    again = await FindingsTable(store).read_one(PARTITION)
    assert again.known.findings == recorded(difference).findings
    assert len(again.outbox) == 5
    kinds = {getattr(write, "row", ""): type(write) for write in transactions(store)[-1]}
    assert [kinds[f"finding|rg|{name}"] for name in "abc"] == [Replace, Delete, Insert]
    assert kinds["coverage"] is Replace


@pytest.mark.parametrize("number", [1, 49, 50, 1000])
async def test_a_large_subscription_is_cut_into_transactions_that_the_service_takes(
    number: int,
) -> None:
    """Every one has the coverage row in front as its guard, and sums that are right."""
    difference = compared(Known(), *many(number), gap=FORBIDDEN)
    batches = list(record_batches(StoredSubscription(PARTITION), difference, CLAIM))

    done = 0
    for batch in batches:
        guard = Insert(table_keys.COVERAGE, codec.coverage_values(batch.coverage))
        table_checks.check([guard, *batch.writes, *batch.outbox], PARTITION)
        done += len(batch.writes)
        assert batch.coverage.accounts.total == batch.coverage.accounts.non_compliant == done
        assert batch.coverage.recording == (None if batch is batches[-1] else CLAIM)
    assert len(batches) == -(-number // 49)
    assert done == number
    assert sequences(batches) == list(range(1, number + 2))
    assert batches[-1].coverage == difference.coverage


@pytest.mark.parametrize("number", [1, 32, 33, 100])
async def test_an_account_and_its_key_are_told_in_the_transaction_of_their_finding(
    number: int,
) -> None:
    """No state without its changes, though there are two of them (P3)."""
    accounts = [good(ID, f"chat-{count:04}") for count in range(number)]
    difference = compared(Known(), *accounts, gap=FORBIDDEN, keys=DISABLED)

    batches = list(record_batches(StoredSubscription(PARTITION), difference, CLAIM))

    for batch in batches:
        guard = Insert(table_keys.COVERAGE, codec.coverage_values(batch.coverage))
        table_checks.check([guard, *batch.writes, *batch.outbox], PARTITION)
        subjects = [change.subject for change in batch.changes if "account" in change.subject]
        assert len(subjects) == 2 * len(batch.writes) == 2 * len(set(subjects))
    assert len(batches) == -(-number // 32)
    assert sequences(batches) == list(range(1, 2 * number + 2))
    assert batches[-1].coverage == difference.coverage
    assert difference.coverage.accounts.by_key_health == {"broken": number}


def sequences(batches: Sequence[RecordBatch]) -> list[int]:
    """Return the sequence numbers of all changes; each row must name the last one so far."""
    numbers: list[int] = []
    for batch in batches:
        numbers += [change.sequence for change in batch.changes]
        assert batch.coverage.sequence == len(numbers)
        assert list(map(outbox_write, batch.changes)) == list(batch.outbox)
    return numbers


def test_heavy_accounts_make_smaller_transactions() -> None:
    """4 MiB are full before a hundred writes are, if every name is as long as it may be."""
    heavy = many(200, key_name="\U0001f600" * 256, tags={"owner": "\U0001f600" * 64})
    difference = compared(Known(), *heavy)

    batches = list(record_batches(StoredSubscription(PARTITION), difference, CLAIM))

    for batch in batches:
        guard = Insert(table_keys.COVERAGE, codec.coverage_values(batch.coverage))
        table_checks.check([guard, *batch.writes, *batch.outbox], PARTITION)
    assert sum(len(batch.writes) for batch in batches) == 200


async def test_a_large_recording_keeps_its_mark_until_the_last_transaction() -> None:
    """Whoever reads in between sees that it is not all there (P1)."""
    store = RecordingStore()
    difference = compared(Known(), *many(120))

    await record(store, StoredSubscription(PARTITION), difference)

    rows_written = [writes[0] for writes in transactions(store)]
    marks = [getattr(row, "values", {}).get("recording") for row in rows_written]
    states = [getattr(row, "values", {}).get("coverage") for row in rows_written]
    assert marks == [CLAIM, CLAIM, CLAIM, None]
    assert states == [CoverageState.PENDING] * 3 + [CoverageState.READ]


async def test_a_change_of_coverage_alone_is_one_transaction() -> None:
    """A subscription without accounts has something to tell, too."""
    store = RecordingStore()

    await record(store, StoredSubscription(PARTITION), compared(Known(), gap=FORBIDDEN))

    (entry,) = (await FindingsTable(store).read_one(PARTITION)).outbox
    assert entry.change.type == "cmkcheck.coverage.lost"
    assert len(transactions(store)) == 1


async def test_a_worker_that_was_overtaken_writes_nothing_more() -> None:
    """A zombie's older reading must never stand over a newer one (P9)."""
    store, stored = await filled(bad(ID))
    table = FindingsTable(store)
    difference = compared(stored.known, good(ID), at=NOON + HOUR)
    marked = await table.mark(stored, difference, CLAIM)
    other = await table.read_one(PARTITION)
    assert other.mark == CLAIM
    await table.clear_mark(other)

    with pytest.raises(WriteConflict):
        await table.record(marked, tuple(record_batches(marked, difference, CLAIM)))

    assert (await table.read_one(PARTITION)).known.findings == stored.known.findings


async def test_clearing_a_mark_changes_nothing_else() -> None:
    """The row goes on saying what was recorded, until Azure is read again."""
    store, stored = await filled(bad(ID))
    table = FindingsTable(store)
    await table.mark(stored, compared(stored.known, good(ID)), CLAIM)

    cleared = await table.clear_mark(await table.read_one(PARTITION))

    assert cleared.mark is None
    assert cleared.known.coverage == stored.known.coverage
    assert await table.read_one(PARTITION) == cleared


async def test_published_changes_are_deleted_and_findings_stay() -> None:
    """The outbox is normally empty."""
    store, stored = await filled(bad(ID, "a"), bad(ID, "b"))
    table = FindingsTable(store)

    await FeedTable(store).clear_outbox(stored.outbox)

    again = await table.read_one(PARTITION)
    assert again.outbox == ()
    assert again.known == stored.known


async def test_a_range_brings_its_partitions_and_no_other() -> None:
    """Two slices must not work on one subscription."""
    store = RecordingStore()
    for number in (1, 2, 3):
        coverage = compared(Known()).coverage
        partition = table_keys.partition_of(sub(number))
        await store.commit(
            Table.FINDINGS,
            partition,
            [Insert(table_keys.COVERAGE, codec.coverage_values(coverage))],
        )
    table = FindingsTable(store)

    low, high = table_keys.partition_of(sub(2)), table_keys.partition_of(sub(3))

    assert [found.partition async for found in table.subscriptions(low, high)] == [low]
    assert len([found async for found in table.subscriptions("", "")]) == 3
