"""A query as filters for the table service.

Values come from callers of the HTTP API: none ever becomes a part of a filter's text here, all go
to the client as parameters, which it quotes.
"""

from collections.abc import Sequence

from cmk_check.ports import Query
from cmk_check.store import limits

type Condition = tuple[str, str, str]


def ranges(query: Query) -> list[list[Condition]]:
    """Return the conditions of each request.

    Going on behind a row takes two: for an "or" the service scans the whole table.
    """
    bounds = [
        ("PartitionKey", "ge", query.partition_from),
        ("PartitionKey", "lt", query.partition_to),
        ("RowKey", "ge", query.row_from),
        ("RowKey", "lt", query.row_to),
    ]
    rest = [bound for bound in bounds if bound[2]] or bounds[:1]
    rest += [(name, "eq", value) for name, value in query.equals.items()]
    if query.partition is not None:
        rest.append(("PartitionKey", "eq", query.partition))
    if query.after is None:
        return [rest]
    partition, row = query.after
    behind: list[Condition] = [("PartitionKey", "eq", partition), ("RowKey", "gt", row), *rest]
    beyond: list[Condition] = [("PartitionKey", "gt", partition), *rest]
    if query.partition is None:
        return [behind, beyond]
    return [rest] if partition < query.partition else [behind]


def filter_of(conditions: Sequence[Condition]) -> tuple[str, dict[str, str]]:
    """Return a filter and its parameters, which the client quotes.

    Raises:
        ValueError: a property's name that no table holds.

    """
    for name, _, _ in conditions:
        if not limits.is_property_name(name):
            raise ValueError(f"{name!a} is no name for a property")
    text = " and ".join(
        f"{name} {operator} @p{number}" for number, (name, operator, _) in enumerate(conditions)
    )
    return text, {f"p{number}": value for number, (_, _, value) in enumerate(conditions)}
