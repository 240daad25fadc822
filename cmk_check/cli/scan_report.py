"""Runs a scan for the command line: shows progress, writes the result, returns the exit code."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rich.console import Console

from cmk_check.cli.console import remarks, say, warnings_shown
from cmk_check.cli.exit_codes import INTERRUPTED, UNKNOWN, VIOLATED, WRITTEN, complain
from cmk_check.cli.junit import as_junit
from cmk_check.cli.local_scan import LocalScanOutcome, scan_here
from cmk_check.cli.output_options import FAIL_ON, FailOn, Format, OutputOptions
from cmk_check.cli.problems import Collected, collect
from cmk_check.cli.progress import ScanProgress, WatchedInventory, bar
from cmk_check.cli.result_writer import excuse, printed, write_result
from cmk_check.cli.sarif import as_sarif
from cmk_check.cli.scan_result import ScanResult, as_json, as_xlsx
from cmk_check.cli.sign_in import say_who
from cmk_check.cli.since import Earlier, compare_scans, read_earlier_scan, scope_of_scan
from cmk_check.cli.table import show, summarise
from cmk_check.composition_root import App
from cmk_check.config.settings import Settings
from cmk_check.config.settings_error import SettingsError
from cmk_check.core.cross_check import CrossCheckState
from cmk_check.core.enums import PostureReason, PostureVerdict, ReasonSeverity, ScanState
from cmk_check.core.model import AccountCounts
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.reasons.command_line import address_person
from cmk_check.core.requirements import REQUIREMENTS
from cmk_check.core.scan_request import not_found
from cmk_check.core.status import Status
from cmk_check.core.text import shown
from cmk_check.limits import MAX_NAMES_LISTED
from cmk_check.scan.scan_context import ScanContext
from cmk_check.web import models
from cmk_check.web.json_model import written
from cmk_check.web.views import csv_export

if TYPE_CHECKING:
    from cmk_check.inventory.azure_inventory import AzureInventory

# What --exit-zero excuses: the accounts were read.
_OF_ACCOUNTS: Final = frozenset(
    code
    for requirement in REQUIREMENTS
    for code in requirement.counts(AccountCounts(), Status())
    if POSTURE_REASONS[code].severity is ReasonSeverity.UNKNOWN
)


async def scan_and_report(
    settings: Settings,
    options: OutputOptions,
    *,
    change_scope: bool = False,
    named: Sequence[str] = (),
) -> int:
    """Scan with these settings and write the result; return the exit code.

    ``named`` are the only subscriptions to read, in a store with an earlier scan.

    Raises:
        SettingsError: the store was scanned under another scope, and ``change_scope`` is False.
        StoreError: the store fails at the start or end of the scan, or when its result is read.
        NotUsable: the result cannot be written.

    """
    app = App(settings)
    try:
        context = await app.scan_context()
        if not change_scope:
            await check_scope(context)
        inventory = None if options.quiet else await app.inventory()
        return await report(context, settings, options, named, inventory)
    finally:
        await app.close()


async def check_scope(context: ScanContext) -> None:
    """Keep a scan from removing findings because these settings differ from the app's.

    Raises:
        SettingsError: the last scan in this store had another scope.

    """
    recorded = (await context.scans.status()).value.scope
    changed = recorded.differences(context.options.recorded_scope) if recorded else {}
    named = {name: ",".join(values[:MAX_NAMES_LISTED]) for name, values in changed.items()}
    if named:
        must = "must be as for the last scan in this store ({}), or pass --change-scope"
        raise SettingsError([(name, must.format(text or "empty")) for name, text in named.items()])


async def report(
    context: ScanContext,
    settings: Settings,
    options: OutputOptions,
    named: Sequence[str] = (),
    inventory: "AzureInventory | None" = None,
) -> int:
    """Scan in this context and say who signed in to the ``inventory``; see ``scan_and_report``."""
    notes, WRITTEN.code = remarks(color=options.color), None
    earlier = read_earlier_scan(options.since, context, options.fail_on) if options.since else None
    if inventory:
        await say_who(inventory)
    with warnings_shown(notes, quiet=options.quiet):
        outcome = await watched_scan(context, notes, quiet=options.quiet, named=named)
        if outcome.state is ScanState.RUNNING:
            complain(
                f"no scan was started because scan {outcome.scan_id} is running: try again when "
                "it has ended, or in half an hour if its process died."
            )
            return INTERRUPTED if outcome.interrupted else UNKNOWN
        by_option = bool(options.subscriptions) and not named
        answer = ScanResult(context, settings, outcome.interrupted, outcome.reason, by_option)
        ending = asyncio.create_task(_end(answer, outcome, options, notes, earlier))
        try:
            return await asyncio.shield(ending)
        except asyncio.CancelledError:
            # The scan is over: its result is still written, unless a second signal arrives.
            is_written = WRITTEN.code is not None
            code = await ending
            return code if is_written else INTERRUPTED


async def _end(
    answer: ScanResult,
    outcome: LocalScanOutcome,
    options: OutputOptions,
    notes: Console,
    earlier: Earlier | None,
) -> int:
    """Print how the scan ended and write its result; return the exit code."""
    if outcome.reason is not None:
        complain(f"scan {outcome.scan_id} {outcome.state}: {shown(outcome.reason)}")
    elif outcome.not_found:
        why = address_person(not_found(outcome.not_found))
        complain(f"scan {outcome.scan_id} {outcome.state}: {why}")
    status = await answer.status()
    said = None if outcome.interrupted else outcome.reason
    collected = await collect(answer, status) if earlier else None
    await write_result(options, _Result(answer, status, options, collected, said).write)
    WRITTEN.code = exit_code(outcome, status, options.fail_on)
    if not options.quiet:
        if options.format is not Format.TABLE or options.file is not None:
            summarise(notes, status, said)
        if check := await _cross_check(answer.context, outcome):
            say(notes, f"cmk-check: {check}")
        if step := _next_step(outcome, status, options):
            complain(step)
    fails = True
    if earlier and collected:
        difference = await compare_scans(earlier, answer, collected, options.fail_on)
        difference.show(notes, options.rows.limit, quiet=options.quiet)
        fails = FailOn.NEW not in options.fail_on or bool(difference.new)
    code = exit_code(outcome, status, options.fail_on, violations_fail=fails)
    if options.exit_zero:
        other = exit_code(
            outcome, status, options.fail_on, violations_fail=False, excused=_OF_ACCOUNTS
        )
        code = excuse(code, other)
    WRITTEN.code = code
    return code


def exit_code(
    outcome: LocalScanOutcome,
    status: models.Status,
    fail_on: Collection[FailOn] = FAIL_ON,
    *,
    violations_fail: bool = True,
    excused: Collection[PostureReason] = (),
) -> int:
    """Return the exit code; a failed scan has no result, whatever ``fail_on`` leaves out.

    ``violations_fail`` is whether a violation counts at all; unknown for reasons ``excused`` does
    not count.
    """
    if outcome.interrupted:
        return INTERRUPTED
    is_violated = _has_violations(status) or status.posture is PostureVerdict.NON_COMPLIANT
    causes = {
        FailOn.NON_COMPLIANT: is_violated,
        FailOn.BROKEN_KEY: status.keys is not None and status.keys.broken,
        FailOn.EXCEPTED: status.accounts.excepted,
    }
    if violations_fail and any(causes[cause] for cause in causes if cause in fail_on):
        return VIOLATED
    if outcome.state not in {ScanState.COMPLETE, ScanState.INCOMPLETE}:
        return UNKNOWN
    severities = {each.code: POSTURE_REASONS[each.code].severity for each in status.reasons}
    unknowns = {code for code, each in severities.items() if each is ReasonSeverity.UNKNOWN}
    is_unknown = (
        outcome.state is ScanState.INCOMPLETE
        or bool(unknowns.difference(excused))
        or (status.posture is PostureVerdict.UNKNOWN and not unknowns)
    )
    return UNKNOWN if is_unknown and FailOn.UNKNOWN in fail_on else 0


def _has_violations(status: models.Status) -> bool:
    """Return whether an account is non-compliant and no exception accepts that."""
    codes, accounts = {reason.code for reason in status.reasons}, status.accounts
    is_accepted = (
        PostureReason.ACCOUNTS_NON_COMPLIANT not in codes
        and PostureReason.ACCOUNTS_EXCEPTED in codes
        and accounts.excepted >= accounts.non_compliant
    )
    return bool(accounts.non_compliant) and not is_accepted


def _next_step(
    outcome: LocalScanOutcome, status: models.Status, options: OutputOptions
) -> str | None:
    """Return a sentence with the next command for this result, if there is one."""
    if outcome.interrupted:
        return None
    if _has_violations(status) or (status.keys is not None and status.keys.broken):
        chosen = " ".join(f"--subscription {each}" for each in options.subscriptions) or "--all"
        return f"fix them: cmk-check plan {chosen} --out fixes"
    if outcome.state is not ScanState.COMPLETE or status.subscriptions.gap:
        return "find out what is missing: cmk-check doctor"
    return None


async def watched_scan(
    context: ScanContext, notes: Console, *, quiet: bool = False, named: Sequence[str] = ()
) -> LocalScanOutcome:
    """Scan in this context and show progress unless ``quiet``; see ``scan_here``."""
    tally = ScanProgress()
    watched = WatchedInventory(context.inventory, context.options.scope, tally)
    context = replace(context, inventory=watched)
    with nullcontext() if quiet else bar(notes, tally):
        outcome = await scan_here(context, named=named)
    reason = outcome.reason and address_person(outcome.reason)
    return replace(outcome, reason=reason)


async def _cross_check(context: ScanContext, outcome: LocalScanOutcome) -> str | None:
    """Return a sentence about the cross-check with Resource Graph, unless the lists agree."""
    stored = await context.scans.scan(outcome.scan_id)
    summary = stored.value.summary if stored else None
    check = summary.cross_check if summary else None
    if check is None or (check.state is CrossCheckState.CHECKED and not check.differences):
        return None
    return (
        f"cross-check with Resource Graph: {check.state}, "
        f"accounts missing from Azure's lists: {check.differences:,}"
    )


@dataclass(frozen=True, slots=True)
class _Result:
    """What is written of a scan; ``said`` is why it failed, if that was printed."""

    answer: ScanResult
    status: models.Status
    options: OutputOptions
    collected: Collected | None
    said: str | None

    async def write(self, console: Console) -> AsyncIterator[bytes]:
        """Yield the result in its format, piece by piece."""
        answer, status, options = self.answer, self.status, self.options
        match options.format:
            case Format.JSON:
                scope = scope_of_scan(answer.context, options.subscriptions)
                async for piece in as_json(answer, status, scope):
                    yield piece
            case Format.CSV:
                async for piece in csv_export.written(answer.pages()):
                    yield piece
            case Format.XLSX:
                async for piece in as_xlsx(answer):
                    yield piece
            case _:
                yield self._report(console, self.collected or await collect(answer, status))

    def _report(self, console: Console, collected: Collected) -> bytes:
        match self.options.format:
            case Format.SARIF:
                failed, accepts = bool(self.answer.failure), collected.accepts
                times = _times(self.status)
                return as_sarif(collected.entries(), times, failed=failed, accepts=accepts)
            case Format.JUNIT:
                return as_junit(collected.entries(), _times(self.status).get("startTimeUtc"))
        # What was already printed is missing from a file.
        said = None if self.options.file else self.said
        return printed(console, lambda: show(console, collected, self.options.rows, said))


def _times(status: models.Status) -> dict[str, str]:
    scan = status.last_scan
    if scan is None:
        return {}
    times = {"startTimeUtc": scan.started_at, "endTimeUtc": scan.finished_at}
    return {name: written(time) for name, time in times.items() if time is not None}
