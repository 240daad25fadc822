"""What ``scan`` and ``plan`` write of an estate in which everything occurs, as accepted once.

People read it, and CI servers and code scanning services parse it. If it changes and is meant to,
write it again with ``python -m tests.unit.cli.test_golden_results``, and read what differs.
"""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cmk_check import VERSION
from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.cli.plan_folder import report_folder
from cmk_check.cli.plans_of_scan import PlanChoice
from cmk_check.core.account import Reading
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from tests.fakes.exemptions import exempted
from tests.fakes.keys import DISABLED, HEALTHY, UNPROTECTED, UNREAD, VAULT_GONE, ScriptedKeys
from tests.fakes.world import World, bad, good, sub
from tests.unit.cli.scan_kit import SETTINGS, scan, world_of_exceptions

GOLDEN: Final = Path(__file__).parent / "golden"
KEYS: Final = {
    **dict.fromkeys(("well-1", "well-2", "well-3"), HEALTHY),
    **dict.fromkeys(("open-1", "open-2", "open-3"), UNPROTECTED),
    **dict.fromkeys(("off-1", "off-2"), DISABLED),
    "dark": UNREAD,
    "lost": VAULT_GONE,
}


def _world() -> World:
    """Make an estate: accepted and other violations, unknowns, gaps, and keys."""
    world = world_of_exceptions("bad", "bad", "odd", "gap", "part", "good", accepted=[1])
    assert world.exemptions is not None
    world.exemptions.facts[sub(2)] = exempted(sub(2), None, created_by="ann@corp.test")
    world.read(sub(4), gap=Gap(GapReason.FORBIDDEN, "Some/action"))
    accounts = [good(sub(6), name) for name in KEYS]
    agents = good(sub(6), "agents")
    dated = replace(bad(sub(6), "Old (süd)"), created_at="2024-05-01T22:00:00Z", owner="Ann")
    world.inventory.readings[sub(6)] = Reading((*accounts, agents, dated), {"SpeechServices": 3})
    facts = {str(each.id): KEYS[each.id.name] for each in accounts}
    world.keys = ScriptedKeys({**facts, str(agents.id): HEALTHY})
    return world


def _documents(folder: Path) -> dict[str, str]:
    """Return what is written, in a comparable form."""
    found = {}
    for output in (Format.TABLE, Format.SARIF, Format.JUNIT):
        file = folder / f"result.{output}"
        asyncio.run(scan(_world(), OutputOptions(output, quiet=True, file=file)))
        found[file.name] = file.read_text()
    sarif = json.loads(found["result.sarif"])
    sarif["runs"][0]["tool"]["driver"]["rules"] = "the catalogue: test_pipeline_formats.py"
    found["result.sarif"] = f"{json.dumps(sarif, indent=1)}\n"
    asyncio.run(report_folder(_world().context, SETTINGS, PlanChoice(), folder / "plans"))
    for name in ("index.md", "index.json", "run.sh"):
        found[name] = (folder / "plans" / name).read_text()
    return {name: _comparable(text) for name, text in found.items()}


def _comparable(text: str) -> str:
    """Leave out what differs from run to run: scan ids, times of now, and the version."""
    return re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{4}", "SCAN", text.replace(VERSION, "VERSION"))


def test_what_is_written_has_the_form_that_was_accepted(tmp_path: Path) -> None:
    """A field that goes or is renamed is noticed by nobody before a pipeline misses it."""
    documents = _documents(tmp_path)

    for file in sorted(GOLDEN.iterdir()):
        assert documents[file.name].splitlines() == file.read_text().splitlines(), file.name


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        for name, text in _documents(Path(temporary)).items():
            (GOLDEN / name).write_text(text)
