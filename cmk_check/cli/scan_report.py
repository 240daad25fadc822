"""Run a scan for the command line: show progress, write the result, return the exit code."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from rich.console import Console

from cmk_check.cli import compare_results
from cmk_check.cli.console import remarks, say, show_warnings
from cmk_check.cli.exit_codes import INTERRUPTED, UNKNOWN, VIOLATED, WRITTEN, complain
from cmk_check.cli.junit import render_junit
from cmk_check.cli.local_scan import LocalScanOutcome, scan_here
from cmk_check.cli.output_options import FAIL_ON, FailOn, Format, OutputOptions
from cmk_check.cli.problems import Collected, collect
from cmk_check.cli.progress import WatchedInventory, bar
from cmk_check.cli.result_writer import capture_output, override_exit_code, write_result
from cmk_check.cli.sarif import render_sarif
from cmk_check.cli.scan_result import ScanResult, render_json, render_xlsx
from cmk_check.cli.scan_settings import load_settings
from cmk_check.cli.subscription_names import find_ids
from cmk_check.cli.table import show, summarise
from cmk_check.composition_root import App
from cmk_check.config.settings import Settings
from cmk_check.config.settings_error import SettingsError
from cmk_check.core.cross_check import CrossCheckState
from cmk_check.core.enums import (
    ExceptionMode,
    PostureReason,
    PostureVerdict,
    ReasonSeverity,
    ScanState,
)
from cmk_check.core.model import AccountCounts
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.reasons.command_line import address_person
from cmk_check.core.requirements import REQUIREMENTS
from cmk_check.core.scan_request import not_found
from cmk_check.core.text import escape_invisible, format_count, write_time
from cmk_check.limits import MAX_NAMES_LISTED
from cmk_check.ports import InventoryError
from cmk_check.scan.scan_context import ScanContext
from cmk_check.web import models
from cmk_check.web.views import csv_export

if TYPE_CHECKING:
    from cmk_check.inventory.azure_inventory import AzureInventory

# The posture reasons that --exit-zero excuses: the accounts were read.
_OF_ACCOUNTS: Final = frozenset(
    code
    for requirement in REQUIREMENTS
    for code in requirement.counts(AccountCounts())
    if POSTURE_REASONS[code].severity is ReasonSeverity.UNKNOWN
)


async def scan_and_report(
    store: str | None, options: OutputOptions, *, change_scope: bool = False
) -> int:
    """Scan into a store, or in memory, write the result, and return the exit code.

    Raises:
        SettingsError: a setting conflicts with an option, or the store was scanned under another
            scope and ``change_scope`` is False.
        StoreError: the store fails at the start or end of the scan, or when its result is read.
        NotUsable: the result cannot be written.
    """
    options = replace(options, subscriptions=await find_ids(options.subscriptions))
    settings = load_settings(store, options.subscriptions)
    if FailOn.BROKEN_KEY in options.fail_on and not settings.key_health:
        # Without key health, no key is read or reported as broken.
        raise SettingsError([("CMK_KEY_HEALTH", "must be on for --fail-on broken_key")])
    if FailOn.EXCEPTED in options.fail_on and settings.exceptions is ExceptionMode.OFF:
        raise SettingsError([("CMK_EXCEPTIONS", "must be show or accept for --fail-on excepted")])
    app = App(settings)
    try:
        context = await app.scan_context()
        if not change_scope:
            await check_scope(context)
        inventory = None if options.quiet else await app.inventory()
        # In a store with an earlier scan, only these subscriptions are read.
        subscription_names = () if store is None else options.subscriptions
        return await report(context, settings, options, subscription_names, inventory)
    finally:
        await app.close()


async def say_who(inventory: "AzureInventory") -> None:
    """Print who signed in, so that a person notices the wrong account or tenant early.

    A failed sign-in is reported by the scan's reading.
    """
    with suppress(InventoryError):
        if who := await inventory.get_identity():
            complain(f"signed in as {who}")


async def check_scope(context: ScanContext) -> None:
    """Prevent a scan from removing findings because its settings differ from the app's.

    Raises:
        SettingsError: the last scan in this store had another scope.
    """
    recorded = (await context.scans.status()).value.scope
    changed = recorded.differences(context.options.recorded_scope) if recorded else {}
    names = {name: ",".join(values[:MAX_NAMES_LISTED]) for name, values in changed.items()}
    if names:
        must = "must be as for the last scan in this store ({}), or pass --change-scope"
        raise SettingsError([(name, must.format(text or "empty")) for name, text in names.items()])


async def report(
    context: ScanContext,
    settings: Settings,
    options: OutputOptions,
    subscription_ids: Sequence[str] = (),
    inventory: "AzureInventory | None" = None,
) -> int:
    """Scan in this context, print who signed in to the ``inventory``; see ``scan_and_report``."""
    notes, WRITTEN.code = remarks(color=options.color), None
    file = options.since
    earlier = compare_results.read_earlier_scan(file, context, options.fail_on) if file else None
    if inventory:
        await say_who(inventory)
    if earlier:
        await compare_results.check_tenant(earlier, context.inventory)
    with show_warnings(notes, quiet=options.quiet):
        outcome = await scan_with_progress(
            context, notes, quiet=options.quiet, subscription_ids=subscription_ids
        )
        if outcome.state is ScanState.RUNNING:
            complain(
                f"no scan was started because scan {outcome.scan_id} is running: try again when "
                "it has ended, or in half an hour if its process died."
            )
            return INTERRUPTED if outcome.interrupted else UNKNOWN
        by_option = bool(options.subscriptions) and not subscription_ids
        result = ScanResult(context, settings, outcome.interrupted, outcome.reason, by_option)
        ending = asyncio.create_task(_end(result, outcome, options, notes, earlier))
        try:
            return await asyncio.shield(ending)
        except asyncio.CancelledError:
            # The scan is over, and its result is still written, unless a second signal arrives.
            is_written = WRITTEN.code is not None
            code = await ending
            return code if is_written else INTERRUPTED


async def _end(
    result: ScanResult,
    outcome: LocalScanOutcome,
    options: OutputOptions,
    notes: Console,
    earlier: compare_results.Earlier | None,
) -> int:
    """Print how the scan ended, write its result, and return the exit code."""
    missing = address_person(not_found(outcome.not_found)) if outcome.not_found else None
    if (why := outcome.reason or missing) is not None:
        complain(f"scan {outcome.scan_id} {outcome.state}: {escape_invisible(why)}")
    status = await result.status()
    reason = None if outcome.interrupted else outcome.reason
    collected = await collect(result, status) if earlier else None
    await write_result(options, partial(_document, result, status, options, collected))
    WRITTEN.code = exit_code(outcome, status, options.fail_on)
    if not options.quiet:
        if options.format is not Format.TABLE or options.file is not None:
            summarise(notes, status, reason)
        if check := await _cross_check(result.context, outcome):
            say(notes, f"cmk-check: {check}")
        if step := _advise(outcome, status, options):
            complain(step)
    causes, unknown = options.fail_on, {FailOn.UNKNOWN}.intersection(options.fail_on)
    if earlier and collected:
        difference = compare_results.compare_scans(
            earlier, result.context, collected, options.fail_on
        )
        difference.show(notes, options.limit, quiet=options.quiet)
        causes = unknown if FailOn.NEW in causes and not difference.new else causes
    code = exit_code(outcome, status, causes)
    if options.exit_zero:
        code = override_exit_code(code, exit_code(outcome, status, unknown, excused=_OF_ACCOUNTS))
    WRITTEN.code = code
    return code


def exit_code(
    outcome: LocalScanOutcome,
    status: models.Status,
    fail_on: Collection[FailOn] = FAIL_ON,
    excused: Collection[PostureReason] = (),
) -> int:
    """Return the exit code; a failed scan has no result, whatever ``fail_on`` leaves out.

    Accounts that are unknown for the reasons ``excused`` do not count.
    """
    if outcome.interrupted:
        return INTERRUPTED
    is_violated = _has_violations(status) or status.posture is PostureVerdict.NON_COMPLIANT
    causes = {
        FailOn.NON_COMPLIANT: is_violated,
        FailOn.BROKEN_KEY: status.keys is not None and status.keys.broken,
        FailOn.EXCEPTED: status.accounts.excepted,
    }
    if any(causes[cause] for cause in causes if cause in fail_on):
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
    """Return whether an account is non-compliant without an exception that accepts this."""
    codes, accounts = {reason.code for reason in status.reasons}, status.accounts
    is_accepted = (
        PostureReason.ACCOUNTS_NON_COMPLIANT not in codes
        and PostureReason.ACCOUNTS_EXCEPTED in codes
        and accounts.excepted >= accounts.non_compliant
    )
    return bool(accounts.non_compliant) and not is_accepted


def _advise(outcome: LocalScanOutcome, status: models.Status, options: OutputOptions) -> str | None:
    """Return a sentence with the next command for this result, or None."""
    if outcome.interrupted:
        return None
    if _has_violations(status) or (status.keys is not None and status.keys.broken):
        which = " ".join(f"--subscription {each}" for each in options.subscriptions) or "--all"
        return f"fix them: cmk-check plan {which} --out fixes"
    if outcome.state is not ScanState.COMPLETE or status.subscriptions.gap:
        return "find out what is missing: cmk-check doctor"
    return None


async def scan_with_progress(
    context: ScanContext,
    notes: Console,
    *,
    quiet: bool = False,
    subscription_ids: Sequence[str] = (),
) -> LocalScanOutcome:
    """Scan in this context and show progress unless ``quiet``; see ``scan_here``."""
    watched = WatchedInventory(context.inventory, context.options.scope)
    context = replace(context, inventory=watched)
    with nullcontext() if quiet else bar(notes, watched):
        outcome = await scan_here(context, subscription_ids=subscription_ids)
    reason = outcome.reason and address_person(outcome.reason)
    return replace(outcome, reason=reason, ignored=frozenset(watched.ignored))


async def _cross_check(context: ScanContext, outcome: LocalScanOutcome) -> str | None:
    """Return a sentence about the cross-check with Resource Graph, unless the lists agree."""
    stored = await context.scans.scan(outcome.scan_id)
    summary = stored.value.summary if stored else None
    check = summary.cross_check if summary else None
    if check is None or (check.state is CrossCheckState.CHECKED and not check.differences):
        return None
    return (
        f"cross-check with Resource Graph: {check.state}, and "
        f"{format_count(check.differences, 'account')} missing from Azure's lists"
    )


async def _document(
    result: ScanResult,
    status: models.Status,
    options: OutputOptions,
    collected: Collected | None,
    console: Console,
) -> AsyncIterator[bytes]:
    """Yield the result in its format, without parts that were already printed."""
    if options.format is Format.JSON:
        scope = compare_results.build_scan_scope(result.context, options.subscriptions)
        pieces = render_json(result, status, scope)
    elif options.format is Format.CSV:
        pieces = csv_export.write_csv(result.pages())
    elif options.format is Format.XLSX:
        pieces = render_xlsx(result)
    else:
        collected_result = collected or await collect(result, status)
        why = None if options.file or result.partial else result.failure
        if options.format is Format.TABLE:
            yield capture_output(console, lambda: show(console, collected_result, options, why))
        else:
            yield _for_pipelines(collected_result, options.format, failed=bool(result.failure))
        return
    async for piece in pieces:
        yield piece


def _for_pipelines(collected: Collected, output: Format, *, failed: bool) -> bytes:
    scan, times = collected.status.last_scan, {}
    if scan is not None:
        dates = {"startTimeUtc": scan.started_at, "endTimeUtc": scan.finished_at}
        times = {name: write_time(time) for name, time in dates.items() if time is not None}
    if output is Format.JUNIT:
        return render_junit(collected.entries(), times.get("startTimeUtc"))
    return render_sarif(collected.entries(), times, failed=failed, accepts=collected.accepts)
