"""What ``scan`` and ``plan`` write of an estate in which everything occurs."""

import json
import re
from dataclasses import replace
from pathlib import Path
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
from tests.unit.accepted import check_accepted
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


async def test_what_is_written_has_the_form_that_was_accepted(tmp_path: Path) -> None:
    """A field that goes or is renamed is noticed by nobody before a pipeline misses it."""
    for output in (Format.TABLE, Format.SARIF, Format.JUNIT):
        file = tmp_path / f"result.{output}"
        await scan(_world(), OutputOptions(output, quiet=True, file=file))
    await report_folder(_world().context, SETTINGS, PlanChoice(), tmp_path / "plans")
    sarif = json.loads((tmp_path / "result.sarif").read_text())
    sarif["runs"][0]["tool"]["driver"]["rules"] = "the catalogue: test_pipeline_formats.py"
    (tmp_path / "result.sarif").write_text(f"{json.dumps(sarif, indent=1)}\n")

    results = (f"result.{output}" for output in ("table", "sarif", "junit"))
    for name in (*results, "plans/index.md", "plans/index.json", "plans/run.sh"):
        file = tmp_path / name
        # But for what differs from run to run: scan ids, and the version.
        text = file.read_text().replace(VERSION, "VERSION")
        check_accepted(GOLDEN / file.name, re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{4}", "SCAN", text))
