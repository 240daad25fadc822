"""The KQL in documents and workbook: it parses, and it reads fields that the log lines have."""

import json
import logging
import re
from itertools import takewhile

import pytest

from cmk_check.alerts.log_lines import write_line
from tests.guard.documents import DOCUMENTS, ROOT
from tests.guard.kql import WORDS, bound, compared, events, fields, missing, prefixes
from tests.guard.log_line_samples import write_lines

WORKBOOK = json.loads((ROOT / "infra/workbook.json").read_text())
QUERIES = [
    query for path in DOCUMENTS for query in re.findall(r"(?s)```kusto\n(.*?)```", path.read_text())
] + [item["content"]["query"] for item in WORKBOOK["items"] if "query" in item["content"]]
WRONG = ["AppTraces | where timestamp > ago(1h)", "AppTraces | project e.to", "traces | frobnicate"]


def test_each_query_parses_and_knows_its_columns() -> None:
    """A rule whose query does not parse may be deployed, and never fires.

    One test for all, because each process of tests would start the service again.
    """
    faults = [query.faults for query in bound((*QUERIES, *WRONG))]

    assert dict(zip(QUERIES, faults, strict=False)) == {query: [] for query in QUERIES}
    assert all(faults[len(QUERIES) :])


def test_there_are_queries_for_every_kind_of_line() -> None:
    """Each kind is written because somebody may want to be told."""
    assert {event for query in QUERIES for event in events(query)} == {
        "cmk.change",
        "cmk.scan",
        "cmk.gap",
        "cmk.tell",
        "cmk.settings",
    }


async def test_each_field_that_a_query_reads_is_in_the_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A misspelt field is null to KQL, and no fault."""
    caplog.set_level(logging.INFO, logger="cmk_check.lines")
    await write_lines()
    lines = [json.loads(record.getMessage()) for record in caplog.records]

    for query in QUERIES:
        assert all(fields(query).values())
        assert missing(query, lines) == [], query


async def test_the_workbook_shows_what_a_change_is_about(caplog: pytest.LogCaptureFixture) -> None:
    """A change of a data store from one reason of the verdict to the same says nothing."""
    caplog.set_level(logging.INFO, logger="cmk_check.lines")
    await write_lines()
    lines = [json.loads(text) for text in caplog.messages if '"cmk.change"' in text]
    (query,) = (query for query in QUERIES if "Was = " in query and "aspect" in query)
    fields_by_type = re.findall(r'startswith "([a-z_.]+)", "(\w+)"', query)

    shown = {
        (prefix, side["before"][field], side["after"][field])
        for prefix, field in fields_by_type
        for line in lines
        if line["type"].startswith(prefix) and field in ((side := line["data"])["before"] or {})
    }

    assert dict(fields_by_type) == {
        "cmkcheck.key.": "keyHealth",
        "cmkcheck.data.": "dataStores",
        "cmkcheck.exception.": "exception",
        "cmkcheck.account.kind_changed": "kind",
    }
    assert ("cmkcheck.data.", "microsoft_keys", "none") in shown
    assert all(was != now for _, was, now in shown)


def test_each_type_and_state_that_a_query_compares_with_exists() -> None:
    """A word that is never written is never found."""
    for query in QUERIES:
        assert compared(query) <= WORDS


def test_the_prefix_that_queries_look_for_begins_the_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They look at the beginning of a line, so the order of its fields is part of the contract."""
    caplog.set_level(logging.INFO, logger="cmk_check.lines")

    for event in ("cmk.change", "cmk.scan", "cmk.gap", "cmk.tell", "cmk.settings"):
        write_line(logging.INFO, event, {"name": "x"})

    begun = {"".join(takewhile(lambda char: char != ",", text)) for text in caplog.messages}
    assert set().union(*map(prefixes, QUERIES)) == begun
