"""Show the result of a scan as a table: problems, reasons, what to do, and the posture."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.text import Text

from cmk_check.cli.console import say
from cmk_check.cli.entries import Problem
from cmk_check.cli.output_options import OutputOptions
from cmk_check.cli.problems import Collected
from cmk_check.cli.terminal_rows import INDENT, Row, print_rows
from cmk_check.core.enums import DueState, KeyState, PostureReason, PostureVerdict, Verdict
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.reasons.command_line import address_person
from cmk_check.core.text import escape_invisible
from cmk_check.web import aspect_models, models

type _Judged = tuple[models.Finding, str, str, str]
"""An account, its state, and the reason and message of its worst problem."""

# The worst state comes first. A word that verdicts, keys and the posture share has one colour.
COLOURS: Final[Mapping[str, str]] = {
    Verdict.NON_COMPLIANT: "red",
    KeyState.BROKEN: "red",
    Verdict.UNKNOWN: "yellow",
    KeyState.AT_RISK: "yellow",
    PostureVerdict.COMPLIANT_WITH_EXCEPTIONS: "cyan",
    Verdict.COMPLIANT: "green",
}
_ORDER: Final = tuple(COLOURS)

_SCAN_FAILED: Final = address_person(POSTURE_REASONS[PostureReason.SCAN_FAILED].text())


def show(
    console: Console, collected: Collected, options: OutputOptions, message: str | None = None
) -> None:
    """Print the accounts, keys and subscriptions with problems; end as ``summarise`` does."""
    status = collected.status
    findings = [finding for finding, _ in collected.accounts]
    accepted = {each.id for each, found in collected.accounts if any(it.accepted for it in found)}
    wrong = [
        (finding, finding.verdict.value, finding.reason, finding.message)
        for finding in findings
        if finding.verdict is not Verdict.COMPLIANT or Verdict.COMPLIANT in (options.only or ())
    ]
    keys = [
        (finding, health.state.value, health.reasons[0].code, health.reasons[0].message)
        for finding in findings
        if status.keys and (health := finding.key_health) and health.state is not KeyState.HEALTHY
    ]
    for head, judged in (("verdict", wrong), ("key", keys)):
        rows = _rows(head, judged, accepted, has_history=collected.has_history)
        print_rows(console, rows, options)
    print_rows(console, [_gap_row(*finding) for finding in collected.gaps], options)
    summarise(console, status, message)


def _rows(
    head: str, judged: Sequence[_Judged], accepted: Collection[str], *, has_history: bool
) -> list[Row]:
    exceptions = [each.exception for each, *_ in judged if each.exception]
    left_out = {*(() if exceptions else ("exception",)), *(() if has_history else ("first seen",))}
    left_out |= set() if any(each.due_at for each, *_ in judged) else {"due by"}
    more = [name for name in _COLUMNS if name not in left_out]
    rows = []
    for place, (finding, state, reason, message) in enumerate(judged):
        cells = {head: state, "account": finding.name, "reason": reason}
        cells |= {name: _COLUMNS[name](finding) for name in more}
        # An accepted violation is the least urgent, and an overdue violation is the most urgent.
        urgency = (finding.id in accepted, finding.due != DueState.OVERDUE)
        rank = (_ORDER.index(state), *urgency, place)
        messages = [] if state == Verdict.COMPLIANT else [(reason, message)]
        if (exception := finding.exception) and not exception.honoured:
            messages.append((exception.reason, exception.message))
        rows.append(Row(cells, COLOURS[state], messages, rank))
    return rows


def _gap_row(subscription: models.Subscription, problem: Problem) -> Row:
    number = subscription.subscription_id
    cells = {"not read": problem.code, "subscription": subscription.name or number}
    cells["id"] = number if subscription.name else ""
    return Row(cells, COLOURS[Verdict.UNKNOWN], [(problem.code, problem.message)])


def _exception(exception: aspect_models.AccountException | None) -> str:
    """Return until when an exemption accepts the violation, or why it does not accept it."""
    if exception is None:
        return "-"
    return f"until {_day(exception.expires_on)}" if exception.honoured else exception.reason.value


def _day(time: datetime | None) -> str:
    return "-" if time is None else f"{time.astimezone(UTC):%Y-%m-%d}"


# In order of importance.
_COLUMNS: Final[Mapping[str, Callable[[models.Finding], str]]] = {
    "exception": lambda it: _exception(it.exception),
    "due by": lambda it: _day(it.due_at) + (" (overdue)" if it.due == DueState.OVERDUE else ""),
    "owner": lambda it: it.owner.value if it.owner else "-",
    "subscription": lambda it: it.subscription_name or it.subscription_id,
    "resource group": lambda it: it.resource_group,
    "created": lambda it: _day(it.evidence.created_at),
    "first seen": lambda it: _day(it.first_seen),
    "kind": lambda it: it.kind or "",
}


def summarise(console: Console, status: models.Status, failure: str | None = None) -> None:
    """Print the counts, the reasons and the posture, one line each.

    ``failure`` says why the scan failed, if that was already printed. It is not repeated, and
    without a known subscription no counts are printed.
    """
    if failure is None or status.subscriptions.total:
        say(console, _format_account_sums(status.accounts), indent=INDENT)
        if status.keys:
            numbers = status.keys.model_dump()
            parts = ", ".join(f"{number:,} {state}" for state, number in numbers.items())
            say(console, f"keys: {sum(numbers.values()):,}: {parts}", indent=INDENT)
        counts = status.subscriptions
        line = (
            f"subscriptions: {counts.total:,}: {counts.read:,} read, {counts.gap:,} not read, "
            f"{counts.excluded:,} excluded, {counts.retired:,} retired"
        )
        say(console, line, indent=INDENT)
    for reason in status.reasons:
        if reason.code is PostureReason.NO_SCAN_YET and len(status.reasons) > 1:
            continue  # it follows from the other reasons, and its advice concerns the schedule
        # The posture's message refers to the reason of the failed scan, so print that reason.
        why = status.last_scan.reason if status.last_scan else None
        message = why if why and reason.message == _SCAN_FAILED else reason.message
        if message != failure:
            say(console, f"{reason.code}: {escape_invisible(message)}", indent=INDENT)
    posture = Text(status.posture.value, style=COLOURS[status.posture])
    if status.posture is PostureVerdict.COMPLIANT and status.accounts.total == 0:
        posture = Text(f"{status.posture} (nothing to judge: no account of a kind in scope)")
    console.print(Text("posture: ").append_text(posture))


def _format_account_sums(counts: aspect_models.Accounts) -> str:
    line = (
        f"accounts: {counts.total:,}: {counts.compliant:,} compliant, "
        f"{counts.non_compliant:,} non_compliant, {counts.unknown:,} unknown"
    )
    more = {
        "of the non_compliant excepted": counts.excepted,
        "overdue": counts.overdue,
        "of them not read, as last known": counts.unread,
        "of other kinds ignored": sum(counts.ignored_by_kind.values()),
    }
    return line + "".join(f"; {number:,} {what}" for what, number in more.items() if number)
