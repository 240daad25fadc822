"""The queries for Power BI and Excel in the documents: they parse, and ask for what there is."""

import json
import re
import subprocess

import pytest
from pydantic import BaseModel

from cmk_check.web import models, parameters
from tests.browsers import end_without
from tests.guard.documents import ROOT

DASHBOARDS = (ROOT / "docs/dashboards.md").read_text()
QUERIES = re.findall(r"(?s)```m\n(.*?)```", DASHBOARDS)
PARSER = ROOT / "node_modules/@microsoft/powerquery-parser"
WRONG = ["let a = in a", "if true then 1", "Table.FromRecords({"]
ASKED: dict[str, tuple[type[BaseModel], type[BaseModel]]] = {
    "api/v1/findings": (parameters.FindingsQuery, models.Finding),
    "api/v1/scans": (parameters.ScansQuery, models.Scan),
}


def _faults(given: list[str]) -> list[str | None]:
    if not PARSER.exists():
        end_without("NO QUERY FOR POWER BI WAS CHECKED: its parser is missing; run `make install`")
    run = subprocess.run(
        ["node", ROOT / "tests/guard/check_m.cjs"],  # noqa: S607 - the reader's own Node.js
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    faults: list[str | None] = json.loads(run.stdout)
    return faults


def test_each_query_parses() -> None:
    """Power BI says of a query that does not parse little more than that."""
    faults = _faults([*QUERIES, *WRONG])

    assert len(QUERIES) == len(ASKED)
    assert faults[: len(QUERIES)] == [None] * len(QUERIES)
    assert all(faults[len(QUERIES) :])


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_asks_for_what_the_api_has(query: str) -> None:
    """A column that is misspelt is a column of nulls, which reads as "nothing there"."""
    (path,) = re.findall(r'RelativePath = "([^"]+)"', query)
    parameters, answer = ASKED[path]
    columns = re.findall(r"(\w+) = (?:nullable )?(?:text|record)", query.split("type table")[1])
    asked = {*re.findall(r"\[(top) = ", query), *re.findall(r"\[(skipToken) = ", query)}

    assert columns
    assert set(columns) <= {field.alias for field in answer.model_fields.values()}
    assert asked <= {field.alias for field in parameters.model_fields.values()}


def test_each_trend_is_one_of_full_scans() -> None:
    """P1: a partial scan counts a few subscriptions, and would look like violations that ended."""
    asked = re.findall(r"api/v1/scans\b(.*)", DASHBOARDS)

    assert len(asked) == 2
    assert [re.search(r'scope(=| = ")full', each) is not None for each in asked] == [True, True]
