"""Due dates in lists, sums, metrics, files and terminals."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from cmk_check.cli.output_options import OutputOptions
from cmk_check.cli.plan_folder import report_folder
from cmk_check.cli.plans_of_scan import PlanChoice
from cmk_check.cli.scan_report import report
from cmk_check.config.settings import Settings
from cmk_check.core.counts import AccountCounter
from cmk_check.core.due_date import DueDate
from cmk_check.core.enums import Verdict
from cmk_check.core.posture import Expectations
from cmk_check.store import codec
from tests.unit.cli.scan_kit import world_of
from tests.unit.evidence.export_kit import estate, events_of, exported, results_of
from tests.unit.store.rows_kit import entity
from tests.unit.web.api_kit import EARLIER, MAX_AGE, NOON, Served, coverage, finding, status_of
from tests.unit.web.asgi_client import send

FINDINGS: Final = "/api/v1/findings"
LATER: Final = NOON + timedelta(days=9)
LATE: Final = replace(finding("late"), due=DueDate(EARLIER, NOON, NOON))
SOON: Final = replace(finding("soon"), due=DueDate(EARLIER, LATER, NOON))
ALL: Final = (LATE, SOON, finding("well", Verdict.COMPLIANT))
IN_STORE: Final = Settings.load_for_scan("UseDevelopmentStorage=true", environ={})


async def _served() -> Served:
    served, counter = Served(), AccountCounter()
    for each in ALL:
        counter.add(each)
    counted = replace(coverage(), accounts=counter.counts({}, 0))
    await served.put(counted, ALL)
    await served.put_status(status_of(counted))
    return served


async def _json(served: Served, target: str) -> Any:  # noqa: ANN401 - JSON
    return (await send(served.app(), target)).json


async def test_lists_have_dates_and_are_narrowed_to_those_that_passed() -> None:
    """A person who escalates needs only these."""
    served = await _served()

    listed = (await _json(served, FINDINGS))["value"]
    overdue = (await _json(served, f"{FINDINGS}?due=overdue"))["value"]
    upcoming = (await _json(served, f"{FINDINGS}?due=upcoming"))["value"]

    assert [(each["dueAt"], each["due"]) for each in listed] == [
        ("2026-11-25T12:00:00Z", "overdue"),
        ("2026-12-04T12:00:00Z", "upcoming"),
        (None, None),
    ]
    assert [each["name"] for each in (*overdue, *upcoming)] == ["late", "soon"]
    text = (await send(served.app(), f"{FINDINGS}?format=csv")).body.decode("utf-8-sig")
    cells = [list(row.items())[-2:] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert cells[0] == [("dueAt", "2026-11-25T12:00:00Z"), ("due", "overdue")]


async def test_sums_count_what_is_overdue() -> None:
    """The metric exists only with due dates: zero would mean that nothing is overdue."""
    served = await _served()
    dated = Expectations(MAX_AGE, fix_within=timedelta(days=3))

    status, owners = await _json(served, "/api/v1/status"), await _json(served, "/api/v1/owners")
    metrics = [
        (await send(served.app(expect=expect), "/api/v1/metrics")).body.decode()
        for expect in (dated, None)
    ]

    assert status["accounts"]["overdue"] == owners["value"][0]["overdue"] == 1
    assert ["cmkcheck_accounts_overdue 1.0" in text for text in metrics] == [True, False]


async def test_a_plan_names_the_date() -> None:
    """The recipient knows the deadline."""
    served = await _served()

    detail = await _json(served, f"{FINDINGS}{SOON.id}")

    assert detail["remediation"]["summary"].endswith(" steps. Due by 2026-12-04 12:00 UTC.")


@pytest.mark.parametrize("broken", ["", "{}", 5, '{"since":"2026-11-25T12:00:00"}'])
def test_a_date_that_cannot_be_read_is_found_again(broken: str | int) -> None:
    """P7: only this date is lost."""
    values = codec.finding_values(LATE)

    assert codec.finding_of(entity(values)).due == LATE.due
    assert codec.finding_of(entity(values | {"dueDetail": broken})).due is None


async def test_evidence_has_dates(tmp_path: Path) -> None:
    """OSCAL has a place for the earliest one of a risk; OCSF has none."""
    bundle = await exported(await estate(list(ALL)), tmp_path)

    (risk,) = results_of(bundle)["risks"]
    facts = [
        prop["value"]
        for seen in results_of(bundle)["observations"]
        for prop in seen["props"]
        if prop["name"] == "due-at"
    ]
    assert risk["deadline"] == "2026-11-25T12:00:00Z"
    assert facts == ["2026-11-25T12:00:00Z", "2026-12-04T12:00:00Z"]
    assert [each["unmapped"].get("dueAt") for each in events_of(bundle).values()] == [*facts, None]
    assert "due by <" in (bundle / "report.html").read_text()


async def test_the_terminal_and_the_folder_of_plans_show_dates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table of a scan, and the index that an owner gets."""
    world = world_of("bad", expectations=Expectations(MAX_AGE, fix_within=timedelta(days=2)))
    await report(world.context, IN_STORE, OutputOptions())
    world.clock.advance(timedelta(days=3))
    capsys.readouterr()

    await report(world.context, IN_STORE, OutputOptions())
    await report_folder(world.context, IN_STORE, PlanChoice(), tmp_path / "plans")

    table = capsys.readouterr().out
    assert "due by" in table
    assert "2026-11-26 (overdue)" in table
    assert "1 overdue" in table
    (plan,) = json.loads((tmp_path / "plans/index.json").read_text())["plans"]
    assert plan["dueAt"].startswith("2026-11-26T")
    assert f"| {plan['dueAt']} |" in (tmp_path / "plans/index.md").read_text()
