"""``plan --out``: scans the estate and writes a folder of plans, which ``run.sh`` runs."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cmk_check.cli.console import remarks, shown, warnings_shown
from cmk_check.cli.exit_codes import INTERRUPTED, UNKNOWN, VIOLATED, complain
from cmk_check.cli.new_folder import publish, unfinished
from cmk_check.cli.plan_choice import PlanChoice
from cmk_check.cli.plan_index import PlanIndex, as_json, as_markdown
from cmk_check.cli.plans_of_scan import Plans, plans_of, similar_owners
from cmk_check.cli.problems import collect
from cmk_check.cli.scan_report import watched_scan
from cmk_check.cli.scan_result import ScanResult
from cmk_check.core.enums import ScanState
from cmk_check.core.remediation.az_script import render_az
from cmk_check.core.remediation.run_script import render_run

if TYPE_CHECKING:
    from cmk_check.config.settings import Settings
    from cmk_check.core.model import Finding
    from cmk_check.scan.scan_context import ScanContext


async def scan_and_plan(settings: "Settings", choice: PlanChoice, out: Path) -> int:
    """Scan in memory and write the folder; return the exit code.

    Raises:
        NotUsable: the folder cannot be written.

    """
    from cmk_check.app import App

    app = App(settings)
    try:
        return await report_folder(await app.scan_context(), settings, choice, out)
    finally:
        await app.close()


async def report_folder(
    context: "ScanContext", settings: "Settings", choice: PlanChoice, out: Path
) -> int:
    """Scan in this context, whose store is empty; see ``scan_and_plan``."""
    notes = remarks(color=True)
    with warnings_shown(notes):
        outcome = await watched_scan(context, notes)
    if outcome.interrupted:
        complain("no folder was written, because the scan was interrupted.")
        return INTERRUPTED
    if outcome.state not in {ScanState.COMPLETE, ScanState.INCOMPLETE}:
        complain(shown(f"no folder was written, because the scan failed: {outcome.reason}"))
        return UNKNOWN
    answer = ScanResult(context, settings)
    collected = await collect(answer, await answer.status())
    plans = plans_of(collected, await _findings(context), choice)
    if choice.owner is not None and not _is_about_accounts(plans.index):
        close = similar_owners(collected, choice.owner)
        hint = f"; similar owners: {', '.join(close)}" if close else ""
        complain(shown(f"no account has the owner {choice.owner}{hint}. No folder was written."))
        return UNKNOWN
    write_folder(out, dict(_files(plans)))
    return _report(plans.index, out)


async def _findings(context: "ScanContext") -> Mapping[str, "Finding"]:
    return {
        account_id: finding
        async for stored in context.findings_table.subscriptions("", "")
        for account_id, finding in stored.known.findings.items()
    }


def _is_about_accounts(index: PlanIndex) -> bool:
    of_accounts = any(each.what == "account" for each in index.without_plan)
    return bool(index.plans or index.compliant) or of_accounts


def _files(plans: Plans) -> Iterator[tuple[str, str]]:
    index, made = plans.index, plans.by_file
    yield "index.json", as_json(index)
    yield "index.md", as_markdown(index, [step for plan in made.values() for step in plan.steps])
    for file, plan in made.items():
        yield file, render_az(plan)
    if made:
        names = ((each.file, f"{each.name} in {each.resource_group}") for each in index.plans)
        leaving = [file for file, plan in made.items() if plan.left]
        yield "run.sh", render_run(((file, shown(name)) for file, name in names), leaving)


def write_folder(out: Path, files: Mapping[str, str]) -> None:
    """Write a new folder: it is whole or not there.

    Raises:
        NotUsable: something is there by now, or the folder cannot be written.

    """
    with unfinished(out) as folder:
        made = folder / "plans"
        for name, text in files.items():
            file = made / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode(errors="replace"))
        publish(made, out)


def _report(index: PlanIndex, out: Path) -> int:
    count, without = len(index.plans), len(index.without_plan)
    place = shown(str(out))
    complain(f"{count} plan{'' if count == 1 else 's'} in {place}; read {place}/index.md first.")
    if count:
        complain(f"to run them all: bash {place}/run.sh")
    if without:
        complain(f"{without} without a plan; {place}/index.md says why.")
    if count:
        return VIOLATED
    return UNKNOWN if any(not each.accepted for each in index.without_plan) else 0
