"""What the store of the tests offers beyond the contract: a hook, and a log."""

import pytest

from cmk_check.ports import (
    Insert,
    LimitExceeded,
    Replace,
    StoreUnavailable,
    Table,
    TableQuery,
    WriteConflict,
)
from tests.fakes.recording_store import Operation, OperationName, RecordingStore

INSERT = Insert("r", {"n": 1})


async def _use(store: RecordingStore) -> None:
    await store.commit(Table.SCANS, "p", [INSERT])
    await store.get(Table.SCANS, "p", "r")
    assert [row.row async for row in store.query(Table.SCANS, TableQuery(partition="p"))] == ["r"]


async def test_the_log_names_what_came_through_in_order() -> None:
    """That an unchanged estate writes nothing is asserted on this log."""
    store = RecordingStore()

    await _use(store)

    assert store.log == [
        Operation("commit", Table.SCANS, "p", (INSERT,)),
        Operation("get", Table.SCANS, "p"),
        Operation("query", Table.SCANS, "p", rows=1),
    ]


async def test_a_refused_write_is_not_in_the_log() -> None:
    """The log holds what happened."""
    store = RecordingStore()
    await store.commit(Table.SCANS, "p", [INSERT])

    with pytest.raises(WriteConflict):
        await store.commit(Table.SCANS, "p", [INSERT])
    with pytest.raises(LimitExceeded):
        await store.commit(Table.SCANS, "p", [])

    assert len(store.log) == 1


@pytest.mark.parametrize("doomed", ["get", "query", "commit"])
async def test_the_hook_can_make_any_operation_fail(doomed: OperationName) -> None:
    """A test kills its caller at every step."""

    async def before(name: OperationName, _: Table, __: str) -> None:
        if name == doomed:
            raise StoreUnavailable(name)

    store = RecordingStore(before=before)

    with pytest.raises(StoreUnavailable, match=doomed):
        await _use(store)

    assert doomed not in {operation.name for operation in store.log}


async def test_the_hook_can_let_another_writer_through_first() -> None:
    """The races that the protocol settles are run in a test, not hoped for."""
    etags: list[str] = []

    async def overtake(name: OperationName, table: Table, partition: str) -> None:
        if name == "commit" and etags:
            write = Replace("r", {"n": 2}, etags.pop())
            await store.commit(table, partition, [write])

    store = RecordingStore(before=overtake)
    (etag,) = await store.commit(Table.SCANS, "p", [INSERT])
    etags.append(etag)

    with pytest.raises(WriteConflict):
        await store.commit(Table.SCANS, "p", [Replace("r", {"n": 3}, etag)])

    found = await store.get(Table.SCANS, "p", "r")
    assert found is not None
    assert found.values == {"n": 2}


async def test_rows_written_between_two_pages_are_seen() -> None:
    """As in the real table, a long query is no snapshot."""
    pages = 0

    async def add_behind(name: OperationName, table: Table, _: str) -> None:
        nonlocal pages
        pages += name == "query"
        if name == "query" and pages == 2:
            await store.commit(table, "z", [INSERT])

    store = RecordingStore(before=add_behind)
    for start in range(0, 1000, 100):
        rows = [Insert(f"{number:04}", {}) for number in range(start, start + 100)]
        await store.commit(Table.FINDINGS, "p", rows)

    found = [row.partition async for row in store.query(Table.FINDINGS, TableQuery())]

    assert len(found) == 1001
    assert found[-1] == "z"


async def test_equal_histories_give_equal_etags() -> None:
    """A failing example found by chance must fail again."""
    one, other = RecordingStore(), RecordingStore()

    assert await one.commit(Table.SCANS, "p", [INSERT]) == await other.commit(
        Table.SCANS, "p", [INSERT]
    )
