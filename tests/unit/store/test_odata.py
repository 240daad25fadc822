"""Queries as filters: what callers send is a parameter of a filter, never a part of its text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.ports import TableQuery
from cmk_check.store.odata import filter_of, ranges

OPERATORS = {"PartitionKey", "RowKey", "verdict", "kind", "eq", "ge", "gt", "lt", "and", "or"}
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["' or '1' eq '1", "''", "@p0", " or RowKey ne '", "( )", "guid'x'", "\x00", "\u2019 eq "]
)


@given(
    query=st.builds(
        TableQuery,
        partition=TEXTS | st.none(),
        partition_from=TEXTS,
        partition_to=TEXTS,
        row_from=TEXTS,
        row_to=TEXTS,
        after=st.tuples(TEXTS, TEXTS) | st.none(),
        equals=st.fixed_dictionaries({}, optional={"verdict": TEXTS, "kind": TEXTS}),
        besides=TEXTS,
    )
)
def test_p10_no_value_stands_in_a_filter(query: TableQuery) -> None:
    """Whatever it holds: the client quotes parameters, and blanks part them from all else."""
    for clauses in ranges(query):
        text, parameters = filter_of(clauses)
        words = [word for word in text.split(" ") if word not in {"(", ")"}]
        named = [word for word in words if word.startswith("@")]

        assert named == [f"@{name}" for name in parameters]
        assert set(words) - set(named) <= OPERATORS
        values = [value for clause in clauses for *_, value in clause]
        assert list(parameters.values()) == values


@pytest.mark.parametrize("name", ["verdict eq 'x' or kind", "", "a-b", "1a", "@p0", "vérdict"])
def test_p10_a_property_is_a_name_and_nothing_else(name: str) -> None:
    """It does stand in the text: one that could end the comparison is refused."""
    with pytest.raises(ValueError, match="valid property name"):
        filter_of([((name, "eq", "x"),)])


def test_of_alternatives_either_may_hold_and_all_else_must() -> None:
    """A pair of brackets too few would let the one row open the whole table."""
    query = TableQuery(partition="p", equals={"verdict": "a", "kind": "b"}, besides="coverage")
    (clauses,) = ranges(query)

    text, _ = filter_of(clauses)

    plain = re.sub(r"@p\d+", "?", text)
    assert plain == (
        "PartitionKey ge ? and ( RowKey eq ? or verdict eq ? ) and ( RowKey eq ? or kind eq ? )"
        " and PartitionKey eq ?"
    )


def test_without_alternatives_all_must_hold() -> None:
    """Another key beside them would be a row that nobody asked for."""
    (clauses,) = ranges(TableQuery(equals={"verdict": "a"}))

    text, _ = filter_of(clauses)

    assert re.sub(r"@p\d+", "?", text) == "PartitionKey ge ? and verdict eq ?"


@pytest.mark.parametrize(
    ("after", "asked"),
    [
        (("o", "r"), "PartitionKey ge ? and PartitionKey eq ?"),
        (
            ("p", "r"),
            "PartitionKey eq ? and RowKey gt ? and PartitionKey ge ? and PartitionKey eq ?",
        ),
    ],
    ids=["in one before it", "in it"],
)
def test_what_goes_on_in_one_partition_asks_once(after: tuple[str, str], asked: str) -> None:
    """A list of a subscription may be continued where another one ended."""
    (clauses,) = ranges(TableQuery(partition="p", after=after))

    assert re.sub(r"@p\d+", "?", filter_of(clauses)[0]) == asked


def test_what_goes_on_behind_a_row_asks_twice_and_never_with_an_or() -> None:
    """For an "or" of keys the table service looks at every row there is."""
    asked = [filter_of(clauses) for clauses in ranges(TableQuery(row_from="f", after=("p", "r")))]

    assert [re.sub(r"@p\d+", "?", text) for text, _ in asked] == [
        "PartitionKey eq ? and RowKey gt ? and RowKey ge ?",
        "PartitionKey gt ? and RowKey ge ?",
    ]
    assert [list(parameters.values()) for _, parameters in asked] == [["p", "r", "f"], ["p", "f"]]
