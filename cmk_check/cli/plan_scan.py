"""The scan in memory that plans are made from."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from cmk_check.cli.console import remarks, warnings_shown
from cmk_check.cli.exit_codes import INTERRUPTED, UNKNOWN, complain
from cmk_check.cli.problems import Collected, collect
from cmk_check.cli.scan_report import watched_scan
from cmk_check.cli.scan_result import ScanResult
from cmk_check.cli.sign_in import say_who
from cmk_check.composition_root import App
from cmk_check.config.settings import Settings
from cmk_check.core.enums import ScanState
from cmk_check.core.model import Finding
from cmk_check.core.text import shown
from cmk_check.scan.scan_context import ScanContext


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found, also as recorded by lower-cased id.

    ``ignored`` are the ids of the accounts whose kinds are not judged.
    """

    collected: Collected
    findings: Mapping[str, Finding]
    ignored: Collection[str]


async def with_azure(
    settings: Settings, plan: Callable[[ScanContext, Settings], Awaitable[int]]
) -> int:
    """Connect to Azure, say who signed in, and return the exit code of the plan."""
    app = App(settings)
    try:
        await say_who(await app.inventory())
        return await plan(await app.scan_context(), settings)
    finally:
        await app.close()


async def scan_for_plans(
    context: ScanContext, settings: Settings, lacking: str, *, by_option: bool = False
) -> Scanned | int:
    """Scan in this context, which has an empty store; if that fails, return the exit code.

    The message then says that what ``lacking`` names was not written. ``by_option`` is as in
    ``ScanResult``.
    """
    notes = remarks(color=True)
    with warnings_shown(notes):
        outcome = await watched_scan(context, notes)
    if outcome.interrupted:
        complain(f"no {lacking} was written because the scan was interrupted.")
        return INTERRUPTED
    if outcome.state not in {ScanState.COMPLETE, ScanState.INCOMPLETE}:
        complain(shown(f"no {lacking} was written because the scan failed: {outcome.reason}"))
        return UNKNOWN
    answer = ScanResult(context, settings, by_option=by_option)
    findings = {
        account_id: finding
        async for stored in context.findings_table.subscriptions("", "")
        for account_id, finding in stored.known.findings.items()
    }
    return Scanned(await collect(answer, await answer.status()), findings, outcome.ignored)
