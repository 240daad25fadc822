"""The report that auditors read: whole, as it was accepted once.

It is kept for ten years, so each change of its form must be meant. If it is, write it again with
``python -m tests.unit.evidence.test_golden_report``, and read what differs.
"""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cmk_check import VERSION
from cmk_check.core.enums import Verdict
from cmk_check.core.recorded_scope import RecordedScope
from cmk_check.store.change_feed import FeedTable
from tests.fakes.hostile import changes_of_every_kind
from tests.unit.evidence.export_kit import HEALTHY, all_sorts, estate, exported
from tests.unit.web.api_kit import finding

GOLDEN: Final = Path(__file__).parent / "golden" / "report.html"


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
    report = await _report(tmp_path)

    assert report.splitlines() == GOLDEN.read_text().splitlines()


def _write() -> None:
    with TemporaryDirectory() as folder:
        GOLDEN.write_text(asyncio.run(_report(Path(folder))))


if __name__ == "__main__":
    _write()
