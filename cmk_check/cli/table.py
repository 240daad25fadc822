"""The result of a scan as a table: what is wrong, why, and what to do; the posture comes last."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.text import Text

from cmk_check.cli.console import say, shown
from cmk_check.cli.rows import INDENT, Row, print_rows
from cmk_check.config.storage import InMemory
from cmk_check.core.enums import KeyState, PostureReason, PostureVerdict, Verdict
from cmk_check.core.reasons.posture_sentences import POSTURE_REASONS

if TYPE_CHECKING:
    from rich.console import Console

    from cmk_check.cli.scan_result import ScanResult
    from cmk_check.web import evidence_models, models

_COLOURS: Final[Mapping[Verdict, str]] = {
    Verdict.COMPLIANT: "green",
    Verdict.NON_COMPLIANT: "red",
    Verdict.UNKNOWN: "yellow",
}

_SCAN_FAILED: Final = POSTURE_REASONS[PostureReason.SCAN_FAILED].text()

_POSTURE_COLOURS: Final[Mapping[PostureVerdict, str]] = {
    PostureVerdict.COMPLIANT: "green",
    PostureVerdict.COMPLIANT_WITH_EXCEPTIONS: "cyan",
    PostureVerdict.NON_COMPLIANT: "red",
    PostureVerdict.UNKNOWN: "yellow",
}

_KEY_COLOURS: Final[Mapping[KeyState, str]] = {
    KeyState.HEALTHY: "green",
    KeyState.AT_RISK: "yellow",
    KeyState.BROKEN: "red",
    KeyState.UNKNOWN: "yellow",
}


async def show(console: "Console", answer: "ScanResult", status: "models.Status") -> None:
    """Print the accounts, keys and subscriptions with problems, the counts, and the posture."""
    verdicts = (Verdict.NON_COMPLIANT, Verdict.UNKNOWN)
    wrong = await _all(answer.pages(verdict) for verdict in verdicts)
    # In memory, this scan is the first to see anything.
    has_history = not isinstance(answer.settings.storage, InMemory)
    _print_accounts(console, "verdict", wrong, has_history=has_history)
    states = (KeyState.BROKEN, KeyState.UNKNOWN, KeyState.AT_RISK)
    unwell = await _all(answer.pages(key_health=state) for state in states)
    _print_accounts(console, "key", unwell, has_history=has_history)
    if gaps := [row async for gap in answer.gaps() if (row := _gap(gap)) is not None]:
        print_rows(console, ("not read", "subscription"), ("what to do",), gaps)
        console.print()
    summarise(console, status)


async def _all(
    asked: Iterable[AsyncIterator[list["models.Finding"]]],
) -> list["models.Finding"]:
    return [finding for pages in asked async for page in pages for finding in page]


def _print_accounts(
    console: "Console", head: str, findings: Sequence["models.Finding"], *, has_history: bool
) -> None:
    if not findings:
        return
    more = ["owner", "resource group", "kind", "subscription", "created"]
    if has_history:
        more.append("first seen")
    exceptions = [each.exception for each in findings if each.exception]
    if exceptions:
        more.insert(0, "exception")
    rows = [
        _account(each, has_history=has_history, has_exceptions=bool(exceptions))
        for each in findings
    ]
    print_rows(console, (head, "account", "reason"), more, rows)
    console.print()
    # Print each message once, because many accounts share it.
    unhonoured = [(each.reason, each.message) for each in exceptions if not each.honoured]
    for reason, message in dict.fromkeys([*map(_why, findings), *unhonoured]):
        say(console, f"{reason}: {shown(message)}", hanging=INDENT)
    console.print()


def _account(finding: "models.Finding", *, has_history: bool, has_exceptions: bool) -> Row:
    if finding.key_health is None:
        state, style = finding.verdict.value, _COLOURS[finding.verdict]
    else:
        state, style = finding.key_health.state.value, _KEY_COLOURS[finding.key_health.state]
    subscription = finding.subscription_name or finding.subscription_id
    owner = finding.owner.value if finding.owner else "-"
    more = [_exception(finding.exception)] if has_exceptions else []
    more += [owner, finding.resource_group, finding.kind or "", subscription]
    more.append(_day(finding.evidence.created_at))
    if has_history:
        more.append(_day(finding.first_seen))
    return Row((state, finding.name, _why(finding)[0]), more, style)


def _exception(exception: "evidence_models.AccountException | None") -> str:
    """Say until when an exemption accepts the violation, or why it does not."""
    if exception is None:
        return "-"
    return f"until {_day(exception.expires_on)}" if exception.honoured else exception.reason.value


def _day(time: datetime | None) -> str:
    return "-" if time is None else f"{time.astimezone(UTC):%Y-%m-%d}"


def _gap(subscription: "models.Subscription") -> Row | None:
    if (gap := subscription.gap) is None:
        return None
    name = subscription.name or subscription.subscription_id
    what = gap.detail or gap.missing_action or ""
    return Row((gap.reason.value, name), (what,), _COLOURS[Verdict.UNKNOWN])


def _why(finding: "models.Finding") -> tuple[str, str]:
    """Return the code and message of the worst problem: the key's, if it has one."""
    if finding.key_health is None or not finding.key_health.reasons:
        return finding.reason, finding.message
    worst = finding.key_health.reasons[0]
    return worst.code, worst.message


def summarise(console: "Console", status: "models.Status") -> None:
    """Print the counts, the reasons and the posture, one line each."""
    sums = [_sums_of_accounts(status.accounts), _sums_of_subscriptions(status.subscriptions)]
    if status.keys is not None:
        sums.insert(1, _sums_of_keys(status.keys))
    for text in sums:
        say(console, text, hanging=INDENT)
    for reason in status.reasons:
        if reason.code is PostureReason.NO_SCAN_YET and len(status.reasons) > 1:
            continue  # it follows from the others, and its advice is for the schedule
        say(console, f"{reason.code}: {shown(_message(reason, status))}", hanging=INDENT)
    posture = Text(status.posture.value, style=_POSTURE_COLOURS[status.posture])
    console.print(Text("posture: ").append_text(posture))


def _message(reason: "models.ReasonOfPosture", status: "models.Status") -> str:
    """Return the message; for a scan that failed its own reason, to which the message refers."""
    why = status.last_scan.reason if status.last_scan else None
    return why if why and reason.message == _SCAN_FAILED else reason.message


def _sums_of_accounts(counts: "models.Accounts") -> str:
    line = (
        f"accounts: {counts.total:,}: {counts.compliant:,} compliant, "
        f"{counts.non_compliant:,} non_compliant, {counts.unknown:,} unknown"
    )
    if counts.excepted:
        line += f"; {counts.excepted:,} of the non_compliant excepted"
    if counts.unread:
        line += f"; {counts.unread:,} of them not read, as last known"
    if ignored := sum(counts.ignored_by_kind.values()):
        line += f"; {ignored:,} of other kinds passed over"
    return line


def _sums_of_keys(keys: "models.Keys") -> str:
    total = keys.healthy + keys.at_risk + keys.broken + keys.unknown
    return (
        f"keys: {total:,}: {keys.healthy:,} healthy, {keys.at_risk:,} at_risk, "
        f"{keys.broken:,} broken, {keys.unknown:,} unknown"
    )


def _sums_of_subscriptions(counts: "models.Subscriptions") -> str:
    return (
        f"subscriptions: {counts.total:,}: {counts.read:,} read, {counts.gap:,} not read, "
        f"{counts.excluded:,} excluded, {counts.retired:,} retired"
    )
