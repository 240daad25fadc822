"""Writes are conditional and whole: what every store promises to those who race for a row."""

import asyncio

import pytest

from cmk_check.ports import (
    Delete,
    Entity,
    Insert,
    Replace,
    Scalar,
    Store,
    Table,
    TableQuery,
    Write,
    WriteConflict,
)

TABLE = Table.FINDINGS
STALE = "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\""


async def _rows(store: Store, table: Table = TABLE) -> list[Entity]:
    return [entity async for entity in store.query(table, TableQuery())]


async def _insert(store: Store, row: str, **values: Scalar) -> str:
    (etag,) = await store.commit(TABLE, "p", [Insert(row, values)])
    return etag


async def test_a_row_is_read_back_as_it_was_written(store: Store) -> None:
    """Evidence must not change on its way through the table."""
    values: dict[str, Scalar] = {
        "text": "Größe 😀 'quoted' \"twice\"\n\tand more",
        "empty": "",
        "number": -(2**31),
        "large": 2**63 - 1,
        "least": -(2**63),
        "yes": True,
        "no": False,
        "looks_like_a_date": "2026-11-25T01:00:00Z",
    }

    (etag,) = await store.commit(TABLE, "p", [Insert("r", values)])

    entity = await store.get(TABLE, "p", "r")
    assert entity == Entity("p", "r", etag, values)
    # True equals 1 in Python; a row must still say which it was.
    assert {name: type(value) for name, value in entity.values.items()} == {
        name: type(value) for name, value in values.items()
    }


async def test_what_is_none_is_not_stored(store: Store) -> None:
    """An absent value stays absent, it does not become a text."""
    values: dict[str, Scalar | None] = {"there": "x", "absent": None}

    await store.commit(TABLE, "p", [Insert("r", values)])  # type: ignore[arg-type]

    entity = await store.get(TABLE, "p", "r")
    assert entity is not None
    assert entity.values == {"there": "x"}


async def test_a_row_that_is_not_there_is_none(store: Store) -> None:
    """The first use of a table finds it missing; that is an empty table, not a failure."""
    assert await store.get(TABLE, "p", "r") is None
    assert await _rows(store) == []


async def test_many_first_uses_at_once_create_the_table_once(store: Store) -> None:
    """The first slices of a new installation all find the table missing."""
    await asyncio.gather(
        *(store.commit(TABLE, f"p{n}", [Insert("r", {"n": n})]) for n in range(10))
    )

    assert [entity.values["n"] for entity in await _rows(store)] == list(range(10))


async def test_tables_and_partitions_are_apart(store: Store) -> None:
    """The same key elsewhere is another row."""
    await store.commit(Table.FINDINGS, "p", [Insert("r", {"at": "findings"})])
    await store.commit(Table.SCANS, "p", [Insert("r", {"at": "scans"})])
    await store.commit(Table.FINDINGS, "q", [Insert("r", {"at": "other partition"})])

    found = await store.get(Table.SCANS, "p", "r")
    assert found is not None
    assert found.values["at"] == "scans"
    assert await _rows(store, Table.CHANGES) == []


async def test_each_write_of_a_row_is_a_new_etag_until_it_is_deleted(store: Store) -> None:
    """Whoever read before must notice, though nothing looks different; no old property lingers."""
    etag = await _insert(store, "r", old=1)

    (new,) = await store.commit(TABLE, "p", [Replace("r", {"new": 2}, etag)])
    (newer,) = await store.commit(TABLE, "p", [Replace("r", {"new": 2}, new)])

    assert len({etag, new, newer}) == 3
    assert await store.get(TABLE, "p", "r") == Entity("p", "r", newer, {"new": 2})
    with pytest.raises(WriteConflict):
        await store.commit(TABLE, "p", [Replace("r", {"new": 3}, new)])
    assert await store.commit(TABLE, "p", [Delete("r", newer)]) == ("",)
    assert await store.get(TABLE, "p", "r") is None
    await _insert(store, "r", n=2)


@pytest.mark.parametrize(
    "last",
    [
        Insert("there", {"n": 2}),
        Replace("there", {"n": 2}, STALE),
        Replace("gone", {"n": 2}, STALE),
        Delete("there", STALE),
        Delete("gone", STALE),
    ],
    ids=["insert", "replace", "replace what is gone", "delete", "delete what is gone"],
)
@pytest.mark.parametrize("alone", [True, False])
async def test_one_lost_condition_writes_nothing_of_a_transaction(
    store: Store, last: Write, *, alone: bool
) -> None:
    """All or nothing; a row that changed, came or went since it was read is somebody else's now."""
    await _insert(store, "there", n=1)
    other = await _insert(store, "other", n=1)
    before = await _rows(store)
    first: list[Write] = [Insert("new", {"n": 2}), Replace("other", {"n": 2}, other)]

    with pytest.raises(WriteConflict):
        await store.commit(TABLE, "p", [last] if alone else [*first, last])

    assert await _rows(store) == before


async def test_a_transaction_returns_the_etags_in_order(store: Store) -> None:
    """The next transaction of a recording goes on with what this one returned."""
    old = await _insert(store, "replaced", n=1)
    gone = await _insert(store, "deleted", n=1)
    writes: list[Write] = [
        Insert("z", {"n": 1}),
        Delete("deleted", gone),
        Replace("replaced", {"n": 2}, old),
    ]

    inserted, deleted, replaced = await store.commit(TABLE, "p", writes)

    assert {row.row: row.etag for row in await _rows(store)} == {
        "z": inserted,
        "replaced": replaced,
    }
    assert deleted == ""
    await store.commit(
        TABLE, "p", [Replace("z", {"n": 3}, inserted), Replace("replaced", {"n": 3}, replaced)]
    )


async def test_of_two_racers_exactly_one_wins(store: Store) -> None:
    """The claim of a slice is decided here."""
    etag = await _insert(store, "r", n=0)
    claims = [store.commit(TABLE, "p", [Replace("r", {"n": n}, etag)]) for n in range(1, 9)]

    ends = await asyncio.gather(*claims, return_exceptions=True)

    assert sum(isinstance(end, WriteConflict) for end in ends) == len(claims) - 1
    assert sum(isinstance(end, tuple) for end in ends) == 1
