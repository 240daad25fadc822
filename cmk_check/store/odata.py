"""Write queries as filters for the table service.

Values may come from callers of the HTTP API. For this reason values are never part of the filter's
text, but passed to the client as parameters, which the client quotes.
"""

from collections.abc import Sequence

from cmk_check.ports import TableQuery
from cmk_check.store import table_checks

type Condition = tuple[str, str, str]
type Clause = tuple[Condition, ...]


def ranges(query: TableQuery) -> list[list[Clause]]:
    """Return clauses for each request; at least one condition of every clause must be met.

    Continuing after a row needs two requests, because the service scans the table for an "or".
    """
    bounds = [
        ("PartitionKey", "ge", query.partition_from),
        ("PartitionKey", "lt", query.partition_to),
        ("RowKey", "ge", query.row_from),
        ("RowKey", "lt", query.row_to),
    ]
    rest: list[Clause] = [(bound,) for bound in bounds if bound[2]] or [(bounds[0],)]
    besides: Clause = (("RowKey", "eq", query.besides),) if query.besides else ()
    rest += [(*besides, (name, "eq", value)) for name, value in query.equals.items()]
    if query.partition is not None:
        rest.append((("PartitionKey", "eq", query.partition),))
    if query.after is None:
        return [rest]
    partition, row = query.after
    behind: list[Clause] = [(("PartitionKey", "eq", partition),), (("RowKey", "gt", row),), *rest]
    beyond: list[Clause] = [(("PartitionKey", "gt", partition),), *rest]
    if query.partition is None:
        return [behind, beyond]
    return [rest] if partition < query.partition else [behind]


def filter_of(clauses: Sequence[Clause]) -> tuple[str, dict[str, str]]:
    """Return a filter and its parameters; spaces must surround the parameters.

    Raises:
        ValueError: the name of a property is invalid.
    """
    parameters: dict[str, str] = {}
    parts: list[str] = []
    for clause in clauses:
        either: list[str] = []
        for name, operator, value in clause:
            if not table_checks.is_property_name(name):
                raise ValueError(f"{name!a} must be a valid property name")
            either.append(f"{name} {operator} @p{len(parameters)}")
            parameters[f"p{len(parameters)}"] = value
        parts.append(either[0] if len(either) == 1 else f"( {' or '.join(either)} )")
    return " and ".join(parts), parameters
