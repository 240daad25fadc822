"""The result of a scan as a table: each problem, its reason, what to do, and last the posture."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.text import Text

from cmk_check.cli.console import say
from cmk_check.cli.scan_result import ScanResult
from cmk_check.cli.terminal_rows import INDENT, Row, print_rows
from cmk_check.config.storage import InMemory
from cmk_check.core.enums import DueState, KeyState, PostureReason, PostureVerdict, Verdict
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.reasons.command_line import address_person
from cmk_check.core.text import shown
from cmk_check.web import aspect_models, models

type _Judged = tuple[models.Finding, aspect_models.KeyHealth | None]
"""An account, and its problems other than the verdict."""

_GREEN, _YELLOW, _RED = "green", "yellow", "red"
# The states of keys that need attention, in the order of the table.
_OF_KEYS: Final[Mapping[str, str]] = {
    KeyState.BROKEN: _RED,
    KeyState.UNKNOWN: _YELLOW,
    KeyState.AT_RISK: _YELLOW,
}
# A word that verdicts and keys have in common has one colour.
COLOURS: Final[Mapping[str, str]] = {
    Verdict.COMPLIANT: _GREEN,
    Verdict.NON_COMPLIANT: _RED,
    Verdict.UNKNOWN: _YELLOW,
    **_OF_KEYS,
}

_POSTURE_COLOURS: Final[Mapping[PostureVerdict, str]] = {
    PostureVerdict.COMPLIANT: _GREEN,
    PostureVerdict.COMPLIANT_WITH_EXCEPTIONS: "cyan",
    PostureVerdict.NON_COMPLIANT: _RED,
    PostureVerdict.UNKNOWN: _YELLOW,
}

_SCAN_FAILED: Final = address_person(POSTURE_REASONS[PostureReason.SCAN_FAILED].text())


async def show(
    console: Console, answer: ScanResult, status: models.Status, said: str | None = None
) -> None:
    """Print the accounts, keys and subscriptions with problems; end as ``summarise`` does."""
    verdicts = (Verdict.NON_COMPLIANT, Verdict.UNKNOWN)
    wrong = await _all(answer.pages({"verdict": verdict}) for verdict in verdicts)
    # In memory, everything is first seen by this scan.
    has_history = not isinstance(answer.settings.storage, InMemory)
    _print_accounts(console, "verdict", [(each, None) for each in wrong], has_history=has_history)
    if status.keys:
        found = await _all(answer.pages({"keyHealth": state}) for state in _OF_KEYS)
        judged = [(each, each.key_health) for each in found]
        _print_accounts(console, "key", judged, has_history=has_history)
    if gaps := [
        Row(
            (gap.reason.value, subscription.name or subscription.subscription_id),
            (gap.detail or gap.missing_action or "",),
            COLOURS[Verdict.UNKNOWN],
        )
        async for subscription in answer.gaps()
        if (gap := subscription.gap) is not None
    ]:
        print_rows(console, ("not read", "subscription"), ("what to do",), gaps)
        console.print()
    summarise(console, status, said)


async def _all(
    asked: Iterable[AsyncIterator[list[models.Finding]]],
) -> list[models.Finding]:
    return [finding for pages in asked async for page in pages for finding in page]


def _print_accounts(
    console: Console, head: str, judged: Sequence[_Judged], *, has_history: bool
) -> None:
    if not judged:
        return
    exceptions = [each.exception for each, _ in judged if each.exception]
    left_out = {*(() if exceptions else ("exception",)), *(() if has_history else ("first seen",))}
    left_out |= set() if any(each.due_at for each, _ in judged) else {"due by"}
    more = [name for name in _COLUMNS if name not in left_out]
    rows = []
    for each in judged:
        finding, beside = each
        state = beside.state.value if beside else finding.verdict.value
        cells = [_COLUMNS[name](finding) for name in more]
        rows.append(Row((state, finding.name, _why(each)[0]), cells, COLOURS[state]))
    print_rows(console, (head, "account", "reason"), more, rows, may_omit=True)
    console.print()
    # Print each message once, because many accounts share it.
    unhonoured = [(each.reason, each.message) for each in exceptions if not each.honoured]
    for reason, message in dict.fromkeys([*map(_why, judged), *unhonoured]):
        say(console, f"{reason}: {shown(message)}", hanging=INDENT)
    console.print()


def _exception(exception: aspect_models.AccountException | None) -> str:
    """Return until when an exemption accepts the violation, or why it does not."""
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


def _why(judged: _Judged) -> tuple[str, str]:
    """Return the code and message of the worst problem."""
    finding, beside = judged
    if beside is None or not beside.reasons:
        return finding.reason, finding.message
    worst = beside.reasons[0]
    return worst.code, worst.message


def summarise(console: Console, status: models.Status, said: str | None = None) -> None:
    """Print the counts, the reasons and the posture, one line each.

    ``said`` is why the scan failed, if that was printed: it is not repeated, and without a known
    subscription no counts are printed.
    """
    if said is None or status.subscriptions.total:
        say(console, _sums_of_accounts(status.accounts), hanging=INDENT)
        if status.keys:
            numbers = status.keys.model_dump()
            parts = ", ".join(f"{number:,} {state}" for state, number in numbers.items())
            say(console, f"keys: {sum(numbers.values()):,}: {parts}", hanging=INDENT)
        found = status.subscriptions
        line = (
            f"subscriptions: {found.total:,}: {found.read:,} read, {found.gap:,} not read, "
            f"{found.excluded:,} excluded, {found.retired:,} retired"
        )
        say(console, line, hanging=INDENT)
    for reason in status.reasons:
        if reason.code is PostureReason.NO_SCAN_YET and len(status.reasons) > 1:
            continue  # it follows from the other reasons, and its advice concerns the schedule
        # The posture's message refers to the reason of the failed scan, so print that reason.
        why = status.last_scan.reason if status.last_scan else None
        message = why if why and reason.message == _SCAN_FAILED else reason.message
        if message != said:
            say(console, f"{reason.code}: {shown(message)}", hanging=INDENT)
    posture = Text(status.posture.value, style=_POSTURE_COLOURS[status.posture])
    console.print(Text("posture: ").append_text(posture))


def _sums_of_accounts(counts: models.Accounts) -> str:
    line = (
        f"accounts: {counts.total:,}: {counts.compliant:,} compliant, "
        f"{counts.non_compliant:,} non_compliant, {counts.unknown:,} unknown"
    )
    if counts.excepted:
        line += f"; {counts.excepted:,} of the non_compliant excepted"
    if counts.overdue:
        line += f"; {counts.overdue:,} overdue"
    if counts.unread:
        line += f"; {counts.unread:,} of them not read, as last known"
    if ignored := sum(counts.ignored_by_kind.values()):
        line += f"; {ignored:,} of other kinds passed over"
    return line
