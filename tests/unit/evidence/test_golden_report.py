"""The report that auditors read, whole: it is kept for ten years."""

import re
from dataclasses import replace
from pathlib import Path

from cmk_check import VERSION
from cmk_check.core.enums import Verdict
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.store.change_feed import FeedTable
from tests.fakes.hostile import changes_of_every_kind
from tests.unit.accepted import check_accepted
from tests.unit.evidence.export_kit import HEALTHY, all_sorts, estate, exported
from tests.unit.web.api_kit import finding


async def _report(folder: Path) -> str:
    """Export an estate in which everything occurs; return the report in a comparable form."""
    elsewhere = replace(finding("agents", Verdict.COMPLIANT), key_health=HEALTHY)
    judged = elsewhere.judgement
    dated = replace(judged.evidence, created_at="2024-05-01T22:00:00Z")
    elsewhere = replace(elsewhere, judgement=replace(judged, evidence=dated))
    served = await estate([*all_sorts(), elsewhere], gap=True)
    stored = await served.scans.status()
    scope = RecordedScope.of([], [], [], "mg-prod")
    await served.put_status(replace(stored.value, scope=scope))
    await FeedTable(served.store).publish(changes_of_every_kind("chat"))
    bundle = await exported(served, folder)

    text = re.sub(r"(?s)<style>.*</style>", "", (bundle / "report.html").read_text())
    return text.replace(VERSION, "VERSION")


async def test_the_report_has_the_form_that_was_accepted(tmp_path: Path) -> None:
    """A fact that goes or is renamed is noticed by nobody before an auditor misses it."""
    check_accepted(Path(__file__).parent / "golden" / "report.html", await _report(tmp_path))
