"""Rows as the table service writes them: their types, their ETags, and pages that are none."""

from typing import Final

import pytest
from azure.core.exceptions import DeserializationError

from cmk_check.ports import Entity
from cmk_check.store.raw_rows import parse_entities, parse_entity

ROW: Final = {"PartitionKey": "p", "RowKey": "r", "odata.etag": "e", "n": 1}
WRITTEN: Final = "2026-11-25T00:00:00.1234567Z"


def test_values_of_foreign_types_are_left_out() -> None:
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
        "few": 7,
        "few@odata.type": "Edm.Int32",
        "yes": True,
        "text": "t",
        "named": "u",
        "named@odata.type": "Edm.String",
        "half a pair": "\ud800",
        "Timestamp": WRITTEN,
    }

    expected: dict[str, str | int] = {
        "n": 1,
        "many": 5_000_000_000,
        "few": 7,
        "yes": True,
        "text": "t",
        "named": "u",
    }
    assert parse_entity(foreign) == Entity("p", "r", "e", expected)


@pytest.mark.parametrize(
    ("written", "etag"),
    [(WRITTEN, "W/\"datetime'2026-11-25T00%3A00%3A00.1234567Z'\""), (7, ""), (None, "")],
)
def test_a_row_without_an_etag_has_the_one_of_its_time(written: object, etag: str) -> None:
    """Without one it could never be written again."""
    assert parse_entity(ROW | {"odata.etag": None, "Timestamp": written}).etag == etag


@pytest.mark.parametrize("page", [None, [], "<html/>", {}, {"value": None}, {"value": {}}])
def test_an_answer_that_is_no_page_is_not_an_empty_one(page: object) -> None:
    """A proxy's answer must not make an estate without accounts."""
    with pytest.raises(DeserializationError):
        parse_entities(page)


@pytest.mark.parametrize(
    "row",
    [
        *("r", None, {}, {"PartitionKey": "p"}, {"RowKey": "r"}),
        ROW | {"PartitionKey": None},
        ROW | {"RowKey": 7},
        ROW | {"n": "x", "n@odata.type": "Edm.Int64"},
    ],
)
def test_a_page_of_what_is_no_row_is_not_read(row: object) -> None:
    """Half a page would pass for all rows there are."""
    assert len(parse_entities({"value": [ROW, ROW]})) == 2
    with pytest.raises(DeserializationError):
        parse_entities({"value": [ROW, row]})
