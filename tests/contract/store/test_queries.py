"""Queries: rows in key order, within bounds, and values that are only ever compared."""

from dataclasses import replace

import pytest

from cmk_check.ports import Insert, Store, Table, TableQuery
from cmk_check.store import table_keys

TABLE = Table.FINDINGS
HOSTILE = [
    "plain",
    "it's",
    "' or 'a' eq 'a",
    "a b  c",
    " @p0 ",
    "@p1",
    "100% /path?x=1#y&z=2",
    "Größe 😀",
    '"quoted" \\ back',
    "line\nbreak",
    "",
]


async def _keys(store: Store, query: TableQuery) -> list[tuple[str, str]]:
    return [(entity.partition, entity.row) async for entity in store.query(TABLE, query)]


@pytest.fixture
async def grid(store: Store) -> list[tuple[str, str]]:
    """Twelve rows in three partitions, written out of order."""
    for partition in "cab":
        await store.commit(TABLE, partition, [Insert(row, {}) for row in ["y", "x", "w", "z"]])
    return [(partition, row) for partition in "abc" for row in "wxyz"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (TableQuery(), "aw ax ay az bw bx by bz cw cx cy cz"),
        (TableQuery(partition="b"), "bw bx by bz"),
        (TableQuery(partition_from="b"), "bw bx by bz cw cx cy cz"),
        (TableQuery(partition_to="b"), "aw ax ay az"),
        (TableQuery(partition_from="a\x7e", partition_to="c"), "bw bx by bz"),
        (TableQuery(row_from="y"), "ay az by bz cy cz"),
        (TableQuery(row_to="x"), "aw bw cw"),
        (TableQuery(partition="b", row_from="x", row_to="z"), "bx by"),
        (TableQuery(partition="b", partition_from="c"), ""),
        (TableQuery(after=("b", "x")), "by bz cw cx cy cz"),
        (TableQuery(after=("b", "z")), "cw cx cy cz"),
        (TableQuery(after=("aa", "")), "bw bx by bz cw cx cy cz"),
        (TableQuery(after=("a", "y"), row_from="x", partition_to="c"), "az bx by bz"),
        (TableQuery(after=("a", "y"), partition_from="b"), "bw bx by bz cw cx cy cz"),
        (TableQuery(after=("b", "x"), partition="b"), "by bz"),
        (TableQuery(after=("a", "x"), partition="b"), "bw bx by bz"),
        (TableQuery(after=("c", "x"), partition="b"), ""),
    ],
    ids=repr,
)
async def test_bounds_are_inclusive_below_and_exclusive_above(
    store: Store, grid: list[tuple[str, str]], query: TableQuery, expected: str
) -> None:
    """Slices meet without a gap, a page goes on right behind the last one, and all is in order."""
    found = await _keys(store, query)

    assert [partition + row for partition, row in found] == expected.split()
    assert set(found) <= set(grid)


async def test_more_rows_than_one_page_come_whole_and_in_order(store: Store) -> None:
    """The service returns at most 1,000 rows at once; an estate has more."""
    expected = []
    for partition in ("p1", "p2", "p3"):
        for start in range(0, 400, 100):
            rows = [f"{number:04}" for number in range(start, start + 100)]
            await store.commit(TABLE, partition, [Insert(row, {"n": 1}) for row in rows])
            expected += [(partition, row) for row in rows]

    assert await _keys(store, TableQuery()) == expected
    assert await _keys(store, TableQuery(after=("p2", "0399"))) == expected[800:]
    assert await _keys(store, TableQuery(partition_from="p2", equals={})) == expected[400:]


@pytest.mark.parametrize("page", [1, 2, 5, 12, 1000])
async def test_a_page_of_any_size_leads_to_the_next(
    store: Store, grid: list[tuple[str, str]], page: int
) -> None:
    """A caller that wants few rows asks for few at once, and may still read on."""
    assert await _keys(store, TableQuery(page=page)) == grid
    assert await _keys(store, TableQuery(page=page, after=("b", "x"))) == grid[6:]


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_value_compares_as_text_whatever_it_holds(store: Store, value: str) -> None:
    """Filters come from callers; none may widen what is asked for, by the "or" of a row neither."""
    rows = [Insert(f"{n}", {"name": text, "n": n}) for n, text in enumerate(HOSTILE)]
    await store.commit(TABLE, "p", [*rows, Insert("nameless", {"n": 99})])
    match = ("p", str(HOSTILE.index(value)))

    asked = TableQuery(equals={"name": value})

    assert await _keys(store, asked) == [match]
    assert await _keys(store, replace(asked, besides="nameless")) == [match, ("p", "nameless")]


@pytest.fixture
async def joined(store: Store) -> list[tuple[str, str]]:
    """Three partitions of a row that comes whatever it says, a match, and one that is none."""
    for partition in "abc":
        rows = [
            Insert("coverage", {"verdict": "none"}),
            Insert("finding|1", {"verdict": "unknown", "kind": "OpenAI"}),
            Insert("finding|2", {"verdict": "compliant", "kind": "OpenAI"}),
            Insert("finding|3", {"verdict": "unknown", "kind": "AIServices"}),
            Insert("outbox|1", {"verdict": "unknown", "kind": "OpenAI"}),
        ]
        await store.commit(TABLE, partition, rows)
    return [(partition, row) for partition in "abc" for row in ("coverage", "finding|1")]


async def test_a_row_may_come_whatever_it_says(store: Store, joined: list[tuple[str, str]]) -> None:
    """What belongs to every match is read on the way; nothing else gets past all filters."""
    within = TableQuery(row_from="coverage", row_to="finding}", besides="coverage")
    asked = replace(within, equals={"verdict": "unknown", "kind": "OpenAI"})

    assert await _keys(store, asked) == joined
    assert await _keys(store, replace(asked, besides="")) == joined[1::2]
    assert await _keys(store, replace(asked, partition="b")) == joined[2:4]
    assert await _keys(store, replace(asked, after=("b", "coverage"))) == joined[3:]
    assert await _keys(store, replace(asked, row_from="finding|")) == joined[1::2]
    assert await _keys(store, replace(asked, page=1)) == joined
    assert await _keys(store, replace(asked, equals={"verdict": "none"})) == joined[::2]


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_names_are_usable_keys(store: Store, name: str) -> None:
    """An account may be called anything; its row must be written, found and listed."""
    partition, row = table_keys.get_partition(name), table_keys.finding_row(name, name)
    (etag,) = await store.commit(TABLE, partition, [Insert(row, {"name": name})])

    entity = await store.get(TABLE, partition, row)

    assert entity is not None
    assert (entity.partition, entity.row, entity.etag) == (partition, row, etag)
    assert await _keys(store, TableQuery(partition=partition, row_from=row)) == [(partition, row)]
    assert await _keys(store, TableQuery(after=(partition, row))) == []


async def test_keys_sort_as_python_sorts_them(store: Store) -> None:
    """The join compares keys in Python with the order of the table."""
    texts = ["a", "A", "a-b", "a.b", "a_b", "ab", "a(b)", "é", "😀", "\ue000", "z", "0", "a|b", "~"]
    rows = sorted(table_keys.finding_row(text, "x") for text in {text.lower() for text in texts})
    await store.commit(TABLE, "p", [Insert(row, {}) for row in reversed(rows)])

    found = await _keys(
        store, TableQuery(row_from=table_keys.FINDINGS_FROM, row_to=table_keys.FINDINGS_TO)
    )

    assert [row for _, row in found] == rows


async def test_a_query_brings_only_the_columns_that_it_asks_for(store: Store) -> None:
    """Reading the others would cost most of a search."""
    rows = [Insert("1", {"name": "a", "kind": "x", "count": 1}), Insert("2", {"kind": "y"})]
    etags = await store.commit(TABLE, "p", rows)

    query = TableQuery(equals={"kind": "x"}, besides="2", columns=("name", "count"))
    found = [entity async for entity in store.query(TABLE, query)]

    assert [(each.partition, each.row, dict(each.values)) for each in found] == [
        ("p", "1", {"name": "a", "count": 1}),
        ("p", "2", {}),
    ]
    assert [each.etag for each in found] == list(etags)


async def test_a_query_may_be_left_early(store: Store, grid: list[tuple[str, str]]) -> None:
    """A page of the API ends long before the table does."""
    async for entity in store.query(TABLE, TableQuery()):
        assert (entity.partition, entity.row) == grid[0]
        break

    assert await _keys(store, TableQuery()) == grid
