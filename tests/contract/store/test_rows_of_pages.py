"""Rows as the table service writes them: their types, their ETags, and pages that are none."""

import json

import pytest
from aiohttp import web

from cmk_check.ports import Entity, Insert, StoreUnavailable, TableQuery
from tests.contract.store.told_service import (
    GARBAGE,
    JSON,
    READ,
    READS,
    ROW,
    TABLE,
    Call,
    list_rows,
    tables_of,
)


async def test_pages_without_rows_are_gone_through() -> None:
    """The service may return no row and a continuation."""
    empty = web.Response(
        text='{"value": []}', headers=JSON | {"x-ms-continuation-NextPartitionKey": "p"}
    )
    async with tables_of(empty, empty, READ) as (tables, service):
        found = [entity async for entity in tables.query(TABLE, TableQuery())]

    assert [entity.values for entity in found] == [{"n": 1}]
    assert service.asked == ["GET"] * 3


@pytest.mark.parametrize("call", READS.values(), ids=READS)
async def test_values_of_foreign_types_are_left_out(call: Call) -> None:
    """A row written by other means must not break the reading of a partition."""
    foreign = ROW | {
        "when": "2026-11-25T00:00:00Z",
        "when@odata.type": "Edm.DateTime",
        "raw": "AAAA",
        "raw@odata.type": "Edm.Binary",
        "id": "11111111-1111-1111-1111-111111111111",
        "id@odata.type": "Edm.Guid",
        "ratio": 0.5,
        "none": None,
        "many": "5000000000",
        "many@odata.type": "Edm.Int64",
        "yes": True,
        "text": "t",
        "half a pair": "\ud800",
        "Timestamp": "2026-11-25T00:00:00.1234567Z",
    }
    answer = web.Response(text=json.dumps(foreign | {"value": [foreign]}), headers=JSON)
    async with tables_of(answer) as (tables, _):
        read = await call(tables)

    expected: dict[str, str | int] = {"n": 1, "many": 5_000_000_000, "yes": True, "text": "t"}
    found = read if isinstance(read, list) else [read]
    assert found == [Entity("p", "r", "e", expected)]


@pytest.mark.parametrize("call", READS.values(), ids=READS)
async def test_a_row_without_an_etag_has_the_one_of_its_time(call: Call) -> None:
    """Without one it could never be written again."""
    row = ROW | {"odata.etag": None, "Timestamp": "2026-11-25T00:00:00.1234567Z"}
    answer = web.Response(text=json.dumps(row | {"value": [row]}), headers=JSON)
    async with tables_of(answer) as (tables, _):
        read = await call(tables)

    (found,) = read if isinstance(read, list) else [read]
    assert isinstance(found, Entity)
    assert found.etag == "W/\"datetime'2026-11-25T00%3A00%3A00.1234567Z'\""


@pytest.mark.parametrize("call", READS.values(), ids=READS)
@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
async def test_an_answer_that_is_no_row_is_neither_none_nor_a_crash(
    call: Call, answer: web.Response
) -> None:
    """A proxy's answer must not make an estate without accounts, nor an error of ours."""
    async with tables_of(answer, deadline=1) as (tables, _):
        with pytest.raises(StoreUnavailable):
            await call(tables)


async def test_the_answer_to_a_write_may_be_garbage() -> None:
    """Whether it was written, nobody knows."""
    async with tables_of(GARBAGE["too deep"]) as (tables, _):
        with pytest.raises(StoreUnavailable):
            await tables.commit(TABLE, "p", [Insert("r", {})])


@pytest.mark.parametrize(
    "row",
    [
        ROW | {"RowKey": "q"},
        ROW | {"PartitionKey": None},
        ROW | {"n": "x", "n@odata.type": "Edm.Int64"},
    ],
)
async def test_a_point_read_brings_the_row_it_asked_for(row: object) -> None:
    """The status of the estate is one."""
    async with tables_of(web.Response(text=json.dumps(row), headers=JSON)) as (tables, _):
        with pytest.raises(StoreUnavailable):
            await tables.get(TABLE, "p", "r")


@pytest.mark.parametrize(
    "row", ["r", {"PartitionKey": "p"}, ROW | {"n": "x", "n@odata.type": "Edm.Int64"}]
)
async def test_a_page_of_what_is_no_row_is_not_read(row: object) -> None:
    """Half a page would pass for all rows there are."""
    answer = web.Response(text=json.dumps({"value": [ROW, row]}), headers=JSON)
    async with tables_of(answer) as (tables, _):
        with pytest.raises(StoreUnavailable):
            await list_rows(tables)
