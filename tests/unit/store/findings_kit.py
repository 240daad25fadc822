"""Subscriptions as the table holds them, for the tests of the findings table."""

from typing import Final

from cmk_check.core.account import Account
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.ports import Entity, Replace, Table
from cmk_check.store.findings import FindingsTable, record_batches
from cmk_check.store.subscription_rows import StoredSubscription
from cmk_check.store.table_keys import get_partition
from tests.fakes.recording_store import RecordingStore
from tests.unit.core.examples import ID, compared

PARTITION: Final = get_partition(ID)
CLAIM: Final = "claim-1"


async def record(store: RecordingStore, stored: StoredSubscription, difference: Difference) -> None:
    """Record as a slice does."""
    table = FindingsTable(store)
    batches = tuple(record_batches(stored, difference, CLAIM))
    if len(batches) > 1:
        stored = await table.mark(stored, difference, CLAIM)
    await table.record(stored, batches)


async def filled(
    *accounts: Account, keys: KeyFacts | None = None
) -> tuple[RecordingStore, StoredSubscription]:
    """Return a store that holds one reading, and the subscription as read from it."""
    store = RecordingStore()
    await record(store, StoredSubscription(PARTITION), compared(Known(), *accounts, keys=keys))
    return store, await FindingsTable(store).read_one(PARTITION)


async def overwrite(store: RecordingStore, row: str, **values: str | int) -> Entity:
    """Change properties of a row by hand."""
    found = await store.get(Table.FINDINGS, PARTITION, row)
    assert found is not None
    await store.commit(
        Table.FINDINGS, PARTITION, [Replace(row, dict(found.values) | values, found.etag)]
    )
    return found
