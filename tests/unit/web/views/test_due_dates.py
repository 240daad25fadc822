"""Due dates in lists, sums, metrics, files and terminals."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from cmk_check.cli.output_options import OutputOptions
from cmk_check.cli.plan_folder import report_folder
from cmk_check.cli.plans_of_scan import PlanChoice
from cmk_check.cli.scan_report import report
from cmk_check.config.settings import Settings
from cmk_check.core.enums import Verdict
from cmk_check.core.model import DueDate
from cmk_check.core.posture import Expectations
from cmk_check.store import codec
from tests.unit.cli.scan_kit import world_of
from tests.unit.evidence.export_kit import estate, exported
from tests.unit.store.rows_kit import entity
from tests.unit.web.api_kit import EARLIER, MAX_AGE, NOON, finding, recorded
from tests.unit.web.asgi_client import send

FINDINGS: Final = "/api/v1/findings"
LATER: Final = NOON + timedelta(days=9)
LATE: Final = replace(finding("late"), due=DueDate(EARLIER, NOON, NOON))
SOON: Final = replace(finding("soon"), due=DueDate(EARLIER, LATER, NOON))
ALL: Final = (LATE, SOON, finding("well", Verdict.COMPLIANT))
IN_STORE: Final = Settings.load_for_scan("UseDevelopmentStorage=true", environ={})


async def test_lists_plans_and_sums_have_due_dates() -> None:
    """The metric exists only with due dates: zero would mean that nothing is overdue."""
    served = await recorded(*ALL)
    app = served.app(expect=Expectations(MAX_AGE, fix_within=timedelta(days=3)))

    listed = (await send(app, FINDINGS)).found
    table = (await send(app, f"{FINDINGS}?format=csv")).body.decode("utf-8-sig")
    detail = (await send(app, f"{FINDINGS}{SOON.id}")).json
    status = (await send(app, "/api/v1/status")).json
    (owner,) = (await send(app, "/api/v1/owners")).found
    metrics = [(await send(each, "/api/v1/metrics")).body for each in (app, served.app())]

    assert [(each["dueAt"], each["due"]) for each in listed] == [
        ("2026-11-25T12:00:00Z", "overdue"),
        ("2026-12-04T12:00:00Z", "upcoming"),
        (None, None),
    ]
    late, *_ = csv.DictReader(io.StringIO(table, newline=""))
    assert (late["dueAt"], late["due"]) == ("2026-11-25T12:00:00Z", "overdue")
    assert detail["remediation"]["summary"].endswith(" steps. Due by 2026-12-04 12:00 UTC.")
    assert status["accounts"]["overdue"] == owner["overdue"] == 1
    assert [b"cmkcheck_accounts_overdue 1.0" in body for body in metrics] == [True, False]


@pytest.mark.parametrize("broken", ["", "{}", 5, '{"since":"2026-11-25T12:00:00"}'])
def test_a_date_that_cannot_be_read_is_found_again(broken: str | int) -> None:
    """P7: only this date is lost."""
    values = codec.encode_finding(LATE)

    assert codec.decode_finding(entity(values)).due == LATE.due
    assert codec.decode_finding(entity(values | {"dueDetail": broken})).due is None


async def test_evidence_has_dates(tmp_path: Path) -> None:
    """In the table, and in the report beside the account."""
    bundle = await exported(await estate(list(ALL)), tmp_path)

    rows = csv.DictReader((bundle / "findings.csv").read_text("utf-8-sig").splitlines())
    dates = ["2026-11-25T12:00:00Z", "2026-12-04T12:00:00Z", ""]
    assert [row["dueAt"] for row in rows] == dates
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
