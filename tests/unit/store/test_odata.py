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


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (TableQuery(equals={"verdict": "a"}), ["PartitionKey ge ? and verdict eq ?"]),
        (
            TableQuery(partition="p", equals={"verdict": "a", "kind": "b"}, besides="coverage"),
            [
                (
                    "PartitionKey ge ? and ( RowKey eq ? or verdict eq ? )"
                    " and ( RowKey eq ? or kind eq ? ) and PartitionKey eq ?"
                )
            ],
        ),
        (TableQuery(partition="p", after=("o", "r")), ["PartitionKey ge ? and PartitionKey eq ?"]),
        (
            TableQuery(partition="p", after=("p", "r")),
            ["PartitionKey eq ? and RowKey gt ? and PartitionKey ge ? and PartitionKey eq ?"],
        ),
        (
            TableQuery(row_from="f", after=("p", "r")),
            [
                "PartitionKey eq ? and RowKey gt ? and RowKey ge ?",
                "PartitionKey gt ? and RowKey ge ?",
            ],
        ),
    ],
    ids=["all", "either of alternatives", "behind another partition", "in it", "behind a row"],
)
def test_a_query_asks_for_what_it_says_and_never_for_an_or_of_keys(
    query: TableQuery, asked: list[str]
) -> None:
    """For that the service looks at every row; a pair of brackets too few would open the table."""
    texts = [filter_of(clauses)[0] for clauses in ranges(query)]

    assert [re.sub(r"@p\d+", "?", text) for text in texts] == asked
