"""The documents that other programs and auditors read: whole, as they were accepted once.

They are kept for ten years, so each change of their form must be meant. If it is, write them again
with ``python -m tests.unit.evidence.test_golden_bundle``, and read what differs.
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
from tests.unit.evidence.export_kit import EXPOSED, HEALTHY, all_sorts, estate, exported
from tests.unit.web.api_kit import finding

GOLDEN: Final = Path(__file__).parent / "golden"
NAMES: Final = ("assessment-results.json", "findings.ocsf.jsonl", "report.html")
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


async def _documents(folder: Path) -> dict[str, str]:
    """Export an estate in which everything occurs; return the documents in a comparable form."""
    elsewhere = replace(finding("agents", Verdict.COMPLIANT), key_health=HEALTHY, data=EXPOSED)
    judged = elsewhere.judgement
    dated = replace(judged.evidence, created_at="2024-05-01T22:00:00Z")
    elsewhere = replace(elsewhere, judgement=replace(judged, evidence=dated))
    served = await estate([*all_sorts(), elsewhere], gap=True)
    stored = await served.scans.status()
    scope = RecordedScope.of([], [], [], "mg-prod")
    await served.put_status(replace(stored.value, scope=scope))
    await FeedTable(served.store).publish(changes_of_every_kind("chat"))
    bundle = await exported(served, folder)

    texts = {name: (bundle / name).read_text() for name in NAMES}
    texts["report.html"] = re.sub(r"(?s)<style>.*</style>", "", texts["report.html"])
    return {name: _comparable(text) for name, text in texts.items()}


def _comparable(text: str) -> str:
    """Number the ids, most of which change with any field of the status, and leave out versions."""
    numbers: dict[str, str] = {}
    for found in _ID.findall(text):
        numbers.setdefault(found, f"id-{len(numbers) + 1}")
    return _ID.sub(lambda found: numbers[found[0]], text).replace(VERSION, "VERSION")


async def test_a_document_has_the_form_that_was_accepted(tmp_path: Path) -> None:
    """A field that goes or is renamed is noticed by nobody before an auditor misses it."""
    documents = await _documents(tmp_path)

    for name in NAMES:
        assert documents[name].splitlines() == (GOLDEN / name).read_text().splitlines(), name


def _write() -> None:
    with TemporaryDirectory() as folder:
        for name, text in asyncio.run(_documents(Path(folder))).items():
            (GOLDEN / name).write_text(text)


if __name__ == "__main__":
    _write()
