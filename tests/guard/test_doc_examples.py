"""The rule, the HTTP API and the command line as documents show them, against the real ones."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest
from pydantic import BaseModel, RootModel

from cmk_check.alerts.log_lines import LogEvent
from cmk_check.core.account import Judgement, parse_account
from cmk_check.core.enums import Reason
from cmk_check.core.reasons.catalogue import CATALOGUE
from cmk_check.core.rule import RULE_VERSION, judge
from cmk_check.web import aspect_models, models
from cmk_check.web.aspect_models import Controls
from cmk_check.web.models import CatalogueReason
from cmk_check.web.views import csv_export
from tests.guard.documents import HTTP, ROOT, RULE, examples, section, table
from tests.unit.web.api_kit import Served
from tests.unit.web.asgi_client import send
from tools.reference.docstrings import docstrings


def _judged(example: object) -> Judgement:
    account = parse_account(example, frozenset())
    assert account is not None
    return judge(account)


def test_the_rule_table_and_its_examples_are_judged_as_the_rule_does() -> None:
    """The table is what an auditor reads instead of the code."""
    rows = table(RULE, "#")
    for clause, _, verdict, reason in rows:
        shown = examples(RULE.split(f"### {clause}: {verdict}, {reason}\n")[1].split("\n##")[0])
        judged = {(f"`{each.verdict}`", f"`{each.reason}`") for each in map(_judged, shown)}
        assert judged == {(verdict, reason)}, clause

    assert {row[3].strip("`") for row in rows} == set(Reason) - {Reason.ROW_TOO_NEW}
    assert f", version `{RULE_VERSION}`." in RULE


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("GET /api/v1/status", models.Status),
        ("GET /api/v1/findings", models.FindingsPage),
        ("GET /api/v1/findings/{id}", models.FindingDetail),
        ("Key health", aspect_models.KeyHealth),
        ("GET /api/v1/owners", models.OwnersPage),
        ("GET /api/v1/keys", models.KeysPage),
        ("GET /api/v1/subscriptions", models.SubscriptionsPage),
        ("GET /api/v1/changes", models.ChangesPage),
        ("GET /api/v1/summary", models.Period),
        ("GET /api/v1/scans", models.ScansPage),
        ("GET /api/v1/scans/{id}", models.ScanInDetail),
        ("GET /api/v1/reasons", RootModel[list[CatalogueReason]]),
        ("GET /api/v1/controls", Controls),
        ("POST /api/scan", models.ScanStarted),
        ("Errors", models.ErrorResponse),
    ],
)
def test_each_answer_shown_is_one_that_the_api_could_give(
    heading: str, model: type[BaseModel]
) -> None:
    """Dashboards are built from examples: a member too many or too few breaks them."""
    shown = examples(section(HTTP, heading))

    assert shown
    for example in shown:
        written = model.model_validate(example).model_dump_json(by_alias=True)
        assert json.loads(written) == example


def test_the_table_that_is_shown_is_that_of_the_list() -> None:
    """Whoever builds a sheet on the columns must find each of them, in this order."""
    text = section(HTTP, "GET /api/v1/findings")
    ((shown,), (block,)) = examples(text)[0]["value"], re.findall(r"(?s)```csv\n(.*?)```", text)

    finding = models.Finding.model_validate(shown)
    written = (csv_export.head() + csv_export.rows([finding])).decode("utf-8-sig")

    assert written == block.replace("\n", "\r\n")


async def test_the_answer_before_the_first_scan_is_shown_as_it_is() -> None:
    """Whoever has just deployed compares it, and acts on its sentence."""
    _, shown = examples(section(HTTP, "GET /api/v1/status"))

    answer = await send(Served().app(), "/api/v1/status")

    assert answer.json == shown


@pytest.mark.parametrize("route", [row[0].strip("`") for row in table(HTTP, "route")])
def test_each_operation_has_a_section_with_its_parameters(route: str) -> None:
    """A parameter that nobody finds is not used."""
    text = section(HTTP, route)

    takes_none = re.search(r"No parameters", text)
    assert takes_none or f"<!-- generated: parameters {route} -->" in text


def test_the_fields_of_each_log_line_are_those_that_are_written(lines: list[str]) -> None:
    """Alert rules and workbooks are written against their catalogue."""
    written: dict[str, list[set[str]]] = {}
    for line in map(json.loads, lines):
        written.setdefault(line.pop("event"), []).append(line.keys() - {"v"})

    assert sorted(LogEvent) == sorted(written)
    told = docstrings(LogEvent)
    told["PARTIAL_SCAN"] = told["SCAN"]  # as above
    for event in LogEvent:
        _, fields = told[event.name].split(" Fields: ")
        always, _, sometimes = re.sub(r"\([^)]*\)", "", fields).partition("unless")
        shapes = written[event]
        named = [set(re.findall(r"`(\w+)`", text)) for text in (always, sometimes)]
        assert named[0] == set.intersection(*shapes)
        assert named[0] | named[1] == set.union(*shapes)


def test_the_lines_that_try_the_webhook_work_as_pasted() -> None:
    """The first try of an alert fails or works by what stands here."""
    page = (ROOT / "docs/alerts.md").read_text()
    command = "local/bin/cmk-check send-test-alert"
    (block,) = [each for each in re.findall(r"(?s)```sh\n(.*?)```", page) if command in each]
    reading = "from cmk_check.config.settings import Settings; print(Settings.load_for_scan())"
    python = shlex.join([sys.executable, "-c", reading])

    run = subprocess.run(  # noqa: S602 - our own document
        block.replace(command, python),
        shell=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert re.fullmatch(r"For the receiver: whsec_[\w+/=]{44}\n.*\n", run.stdout)


def test_the_examples_speak_as_the_api_does() -> None:
    """A sentence that is quoted elsewhere is searched for there."""
    texts = {code: entry for entries in CATALOGUE.values() for code, entry in entries}
    pair = re.compile(r'"code": "(\w+)", (?:"severity": "\w+", )?"message": "([^"]+)"')

    found = pair.findall(HTTP)

    assert len(found) > 5
    for code, message in found:
        entry = texts[code]
        assert message.startswith(entry.message.removesuffix("."))
        assert message.endswith(entry.way_out)
