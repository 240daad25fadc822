"""The KQL in documents and workbook: it parses, and it reads fields that the log lines have."""

import json
import logging
import os
import re
import subprocess
from functools import cache
from itertools import takewhile
from typing import Any

import pytest

from cmk_check.alerts.log_teller import write_line
from cmk_check.core.words import ChangeType, ScanState
from tests.guard.documents import DOCUMENTS, ROOT
from tests.guard.lines import write_lines

SERVICE = ROOT / "node_modules/@kusto/language-service-next"
# The columns that our queries may use, by the scope that a rule has:
# https://learn.microsoft.com/azure/azure-monitor/reference/tables/apptraces
TABLES = {
    "AppTraces": "(TimeGenerated: datetime, Message: string, SeverityLevel: int)",
    "traces": "(timestamp: datetime, message: string, severityLevel: int)",
}
WORKBOOK = json.loads((ROOT / "infra/workbook.json").read_text())
QUERIES = [
    query for path in DOCUMENTS for query in re.findall(r"(?s)```kusto\n(.*?)```", path.read_text())
] + [item["content"]["query"] for item in WORKBOOK["items"] if "query" in item["content"]]


@cache
def _faults(queries: tuple[str, ...]) -> list[list[str]]:
    if not SERVICE.exists():
        reason = "NO KQL WAS CHECKED: the Kusto language service is missing; run `make install`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    run = subprocess.run(
        ["node", ROOT / "tests/guard/check_kql.cjs"],  # noqa: S607 - the reader's own Node.js
        input=json.dumps({"tables": TABLES, "queries": queries}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    faults: list[list[str]] = json.loads(run.stdout)
    return faults


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_each_query_parses_and_knows_its_columns(number: int) -> None:
    """A rule whose query does not parse may be deployed, and never fires."""
    assert _faults(tuple(QUERIES))[number] == []


@pytest.mark.parametrize(
    "query",
    ["AppTraces | where timestamp > ago(1h)", "AppTraces | project e.to", "traces | frobnicate"],
)
def test_a_wrong_query_is_found(query: str) -> None:
    """A check that finds nothing proves nothing."""
    assert _faults((query,))[0]


def test_there_are_queries_for_every_kind_of_line() -> None:
    """Each kind is written because somebody may want to be told."""
    read = {event for query in QUERIES for event in re.findall(r'\{"event":"([a-z.]+)"', query)}

    assert read == {"cmk.change", "cmk.scan", "cmk.gap", "cmk.tell"}


async def test_each_field_that_a_query_reads_is_in_the_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A misspelt field is null to KQL, and no fault."""
    caplog.set_level(logging.INFO, logger="cmk_check.lines")
    await write_lines()
    lines = [json.loads(record.getMessage()) for record in caplog.records]

    for query in QUERIES:
        events = re.findall(r'startswith \'\{"event":"([a-z.]+)"\'', query)
        names = re.findall(r"extend (\w+) = parse_json", query)
        for event, name in zip(events, names, strict=True):
            fields = re.findall(rf"\b{name}((?:\[\"\w+\"\])+)", query)
            of_event = [line for line in lines if line["event"] == event]
            missing = [field for field in fields if not any(_has(line, field) for line in of_event)]
            assert fields
            assert missing == [], query


def test_each_type_and_state_that_a_query_compares_with_exists() -> None:
    """A word that is never written is never found."""
    deliveries = {"delivered", "given_up", "retry"}
    words = {kind.value for kind in ChangeType} | set(ScanState) | deliveries

    for query in QUERIES:
        compared = re.findall(r'(?:== |in \(|, )"([a-z_.]+)"', re.sub(r"'[^']*'", "", query))
        assert set(compared) <= words


def test_the_prefix_that_queries_look_for_begins_the_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They look at the beginning of a line, so the order of its fields is part of the contract."""
    prefixes = {found for query in QUERIES for found in re.findall(r"startswith '(.*?)'", query)}
    caplog.set_level(logging.INFO, logger="cmk_check.lines")

    for event in ("cmk.change", "cmk.scan", "cmk.gap", "cmk.tell"):
        write_line(logging.INFO, event, {"name": "x"})

    begun = {"".join(takewhile(lambda char: char != ",", text)) for text in caplog.messages}
    assert prefixes == begun


def _has(line: Any, field: str) -> bool:  # noqa: ANN401 - JSON
    for name in re.findall(r"\w+", field):
        if not isinstance(line, dict) or name not in line:
            return False
        line = line[name]
    return True
