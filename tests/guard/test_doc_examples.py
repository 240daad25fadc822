"""The rule, the HTTP API and the command line as documents show them, against the real ones."""

import json
import logging
import os
import re
import shlex
import subprocess
import sys

import pytest
from pydantic import BaseModel, RootModel

from cmk_check.alerts.log_lines import LogEvent
from cmk_check.core.account import Judgement, parse_account
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.reasons.catalogue import CATALOGUE
from cmk_check.core.rule import RULE_VERSION, judge
from cmk_check.web import aspect_models, models
from cmk_check.web.aspect_models import Controls
from cmk_check.web.models import CatalogueReason
from cmk_check.web.views import csv_export
from local.simulator import Access, load_estate
from tests.guard.documents import (
    HTTP,
    README,
    ROOT,
    RULE,
    examples,
    section,
    table,
)
from tests.guard.log_line_samples import write_lines
from tests.unit.web.api_kit import Served
from tests.unit.web.asgi_client import send
from tools.reference.docstrings import docstrings


def _judged(example: object) -> Judgement:
    account = parse_account(example, frozenset())
    assert account is not None
    return judge(account)


def test_the_rule_table_gives_each_reason_its_verdict() -> None:
    """The table is what an auditor reads instead of the code."""
    clauses = [(row[2].strip("`"), row[3].strip("`")) for row in table(RULE, "#")]
    judged = [_judged(example) for example in examples(RULE)]

    assert set(clauses) == {(entry.verdict, entry.reason) for entry in judged}
    assert {reason for _, reason in clauses} == set(Reason) - {Reason.ROW_TOO_NEW}
    assert f", version `{RULE_VERSION}`." in RULE


@pytest.mark.parametrize("row", table(RULE, "#"), ids=lambda row: row[0])
def test_each_example_of_the_rule_is_judged_as_its_heading_says(row: list[str]) -> None:
    """An example that is judged otherwise teaches the wrong rule."""
    heading = f"### {row[0]}: {row[2]}, {row[3]}\n"
    shown = examples(RULE.split(heading)[1].split("\n## ")[0].split("\n### ")[0])

    assert shown
    for example in shown:
        judgement = _judged(example)
        assert (f"`{judgement.verdict}`", f"`{judgement.reason}`") == (row[2], row[3])


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("GET /api/v1/status", models.Status),
        ("GET /api/v1/findings", models.FindingsPage),
        ("GET /api/v1/findings/{id}", models.FindingDetail),
        ("GET /api/v1/findings/{id}/lastChange", models.LastChange),
        ("Key health", aspect_models.KeyHealth),
        ("Data stores", aspect_models.DataStores),
        ("GET /api/v1/owners", models.OwnersPage),
        ("GET /api/v1/keys", models.KeysPage),
        ("GET /api/v1/subscriptions", models.SubscriptionsPage),
        ("GET /api/v1/changes", models.ChangesPage),
        ("GET /api/v1/scans", models.ScansPage),
        ("GET /api/v1/scans/{id}", models.Scan),
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


async def test_the_fields_of_each_log_line_are_those_that_are_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Alert rules and workbooks are written against their catalogue."""
    caplog.set_level(logging.INFO, logger="cmk_check.lines")
    await write_lines()
    written: dict[str, list[set[str]]] = {}
    for message in caplog.messages:
        line = json.loads(message)
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
    reading = (
        "from cmk_check.config.settings import Settings; print(Settings.load(for_webhook=True))"
    )
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


def test_the_demo_ends_as_the_readme_shows() -> None:
    """Who runs the demo must find what they were told."""
    subscriptions = [entry for entry in load_estate("sample").subscriptions if entry.listed]
    unread = sum(entry.access is not Access.READER for entry in subscriptions)
    accounts = [
        account
        for subscription in subscriptions
        if subscription.access is Access.READER
        for entry in subscription.accounts.values()
        if (account := parse_account(entry.document(), frozenset()))
        and account.kind in {"OpenAI", "AIServices"}
    ]
    verdicts = [judge(account).verdict for account in accounts]
    bad, unknown = verdicts.count(Verdict.NON_COMPLIANT), verdicts.count(Verdict.UNKNOWN)

    assert (
        f"posture: non_compliant: {bad} of {len(accounts)} accounts are not under a "
        f"customer-managed key, {unknown} could not be judged, {unread} of {len(subscriptions)} "
        "subscriptions could not be read" in README
    )


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
