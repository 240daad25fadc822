"""The KQL in documents and workbook: it parses, and it reads fields that the log lines have."""

import json
import re

from tests.guard.documents import DOCUMENTS, ROOT
from tests.guard.kql import bound, events, faults

WORKBOOK = json.loads((ROOT / "infra/workbook.json").read_text())
QUERIES = [
    query for path in DOCUMENTS for query in re.findall(r"(?s)```kusto\n(.*?)```", path.read_text())
] + [item["content"]["query"] for item in WORKBOOK["items"] if "query" in item["content"]]
WRONG = ["AppTraces | where timestamp > ago(1h)", "AppTraces | project e.to", "traces | frobnicate"]


def test_each_query_parses_and_knows_its_columns() -> None:
    """A rule whose query does not parse may be deployed, and never fires.

    One test for all, because each process of tests would start the service again.
    """
    found = [query.faults for query in bound((*QUERIES, *WRONG))]

    assert dict(zip(QUERIES, found, strict=False)) == {query: [] for query in QUERIES}
    assert all(found[len(QUERIES) :])


def test_each_query_reads_what_is_written(lines: list[str]) -> None:
    """A misspelt field, word or beginning of a line is never found; each kind of line has one."""
    read = {event for query in QUERIES for event in events(query)}
    assert read == {f"cmk.{name}" for name in ("change", "scan", "gap", "tell", "settings")}
    found = {query: wrong for query in QUERIES if (wrong := faults(query, lines))}

    assert found == {}
