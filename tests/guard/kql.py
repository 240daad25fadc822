"""KQL as Azure would take it: bound by Microsoft's language service, held against our log lines."""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from cmk_check.core.enums import ChangeType, KeyState, ScanState, Trigger, WatchState
from tests.browsers import end_without
from tests.guard.documents import ROOT, table

_SERVICE: Final = ROOT / "node_modules/@kusto/language-service-next"
# The columns that our queries may use, by the scope that a rule has:
# https://learn.microsoft.com/azure/azure-monitor/reference/tables/apptraces
_TABLES: Final = {
    "AppTraces": (
        "(TimeGenerated: datetime, Message: string, SeverityLevel: int, _ResourceId: string)"
    ),
    "AzureActivity": (
        "(TimeGenerated: datetime, Caller: string, OperationNameValue: string, "
        "CorrelationId: string, _ResourceId: string)"
    ),
    "traces": "(timestamp: datetime, message: string, severityLevel: int)",
    # https://learn.microsoft.com/azure/governance/resource-graph/concepts/query-language
    "resources": (
        "(id: string, name: string, type: string, ['kind']: string, location: string, "
        "resourceGroup: string, subscriptionId: string, properties: dynamic, identity: dynamic)"
    ),
}
# The columns that hunters are promised; a guard compares them with the template.
CHANGES: Final = {
    row[0].strip("`"): row[1] for row in table((ROOT / "docs/alerts.md").read_text(), "column")
}
_FUNCTION: Final = (
    f"let CmkCheckChanges = () {{ datatable({', '.join(map(':'.join, CHANGES.items()))})[] }};\n"
)
# Every word that a line may hold where a query compares.
WORDS: Final = (
    {kind.value for kind in ChangeType}
    | set(ScanState)
    | set(KeyState)
    | set(WatchState)
    | set(Trigger)
    | {"delivered", "given_up", "retry"}
)


@dataclass(frozen=True)
class Bound:
    """A query with its columns known: what is wrong with it, and the type of each result."""

    faults: list[str]
    columns: dict[str, str]


@cache
def bound(queries: tuple[str, ...]) -> list[Bound]:
    """Bind queries, all at once: to start the service takes longer than to ask it."""
    if not _SERVICE.exists():
        end_without("NO KQL WAS CHECKED: the Kusto language service is missing; run `make install`")
    run = subprocess.run(
        ["node", ROOT / "tests/guard/check_kql.cjs"],  # noqa: S607 - the reader's own Node.js
        input=json.dumps({"tables": _TABLES, "queries": [_FUNCTION + each for each in queries]}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [Bound(**answer) for answer in json.loads(run.stdout)]


def events(query: str) -> list[str]:
    """Return the kinds of lines that it reads."""
    return re.findall(r"startswith '\{\"event\":\"([a-z.]+)\"'", query)


def prefixes(query: str) -> set[str]:
    """Return what it takes for the beginning of a line."""
    return set(re.findall(r"startswith '(.*?)'", query))


def fields(query: str) -> dict[str, list[str]]:
    """Return the fields that it reads, as they stand there, by the kind of line."""
    names = re.findall(r"extend (\w+) = parse_json", query)
    for entry, listed in re.findall(r"mv-expand (\w+) = (\w+(?:\[\"\w+\"\])+)", query):
        query = re.sub(rf"\b{entry}(?=\[)", listed, query)
    return {
        event: re.findall(rf"\b{name}((?:\[\"\w+\"\])+)", query)
        for event, name in zip(events(query), names, strict=True)
    }


def missing(query: str, lines: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return each field that it reads and that no line has which it looks for."""
    types = compared(query) & set(ChangeType)
    wanted = [line for line in lines if not types or line.get("type") in types]
    return [
        (event, field)
        for event, read in fields(query).items()
        for field in read
        if not any(has(line, field) for line in wanted if line["event"] == event)
    ]


def faults(query: str, written: Iterable[str]) -> list[str]:
    """Return what a query reads, compares with or looks for that is never written.

    To KQL a misspelt field is null, and no fault.
    """
    texts = list(written)
    begun = {prefix for prefix in prefixes(query) if any(text.startswith(prefix) for text in texts)}
    return [
        *(f"field {field}" for _, field in missing(query, map(json.loads, texts))),
        *(f"no field of {event}" for event, read in fields(query).items() if not read),
        *(f"word {word}" for word in compared(query) - WORDS),
        *(f"prefix {prefix}" for prefix in prefixes(query) - begun),
    ]


def negated(query: str) -> list[str]:
    """Return the fields whose opposite it asks for: that of one which is missing is null."""
    return re.findall(r"not\(tobool\(\w+((?:\[\"\w+\"\])+)\)\)", query)


def compared(query: str) -> set[str]:
    """Return the words that it compares with."""
    query = re.sub(r"'[^']*'", "", query)
    lists = re.findall(r"in \(([^)]*)\)", query)
    equal = re.findall(r'[!=]= ("[a-z_.]+")', query)
    return set(re.findall(r'"([a-z_.]+)"', " ".join(equal + lists)))


def has(line: Any, field: str) -> bool:  # noqa: ANN401 - JSON
    """Tell whether a line has a field, written as in a query; of a list, its first entry."""
    for name in re.findall(r"\w+", field):
        line = line[0] if isinstance(line, list) and line else line
        if not isinstance(line, Mapping) or name not in line:
            return False
        line = line[name]
    return True
