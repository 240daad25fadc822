"""The result of a scan as a table: what is wrong, why, and what to do; the posture comes last."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from cmk_check.cli.console import shown
from cmk_check.core.enums import KeyState, PostureReason, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from cmk_check.cli.scan_result import ScanResult
    from cmk_check.web import models

_BOX: Final = SIMPLE_HEAD
_PADDING: Final = (0, 1, 0, 0)
_COLOURS: Final[Mapping[Verdict, str]] = {
    Verdict.COMPLIANT: "green",
    Verdict.NON_COMPLIANT: "red",
    Verdict.UNKNOWN: "yellow",
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
    _print_accounts(console, "verdict", wrong)
    states = (KeyState.BROKEN, KeyState.UNKNOWN, KeyState.AT_RISK)
    unwell = await _all(answer.pages(key_health=state) for state in states)
    _print_accounts(console, "key", unwell)
    if gaps := [gap async for gap in answer.gaps()]:
        console.print(_gaps(gaps))
        console.print()
    summarise(console, status)


async def _all(
    asked: Iterable[AsyncIterator[list["models.Finding"]]],
) -> list["models.Finding"]:
    return [finding for pages in asked async for page in pages for finding in page]


def _print_accounts(console: "Console", head: str, findings: Sequence["models.Finding"]) -> None:
    if not findings:
        return
    console.print(_accounts(head, findings))
    console.print()
    # Print each message once, because many accounts share it.
    for reason, message in dict.fromkeys(map(_why, findings)):
        console.print(Text(f"{reason}: {shown(message)}"), soft_wrap=True)
    console.print()


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
        console.print(Text(text), soft_wrap=True)
    failed = any(reason.code is PostureReason.SCAN_FAILED for reason in status.reasons)
    for reason in status.reasons:
        if failed and reason.code is PostureReason.NO_SCAN_YET:
            continue  # it follows, and its advice is for the schedule
        console.print(Text(f"{reason.code}: {shown(reason.message)}"), soft_wrap=True)
    posture = Text(status.posture.value, style=_COLOURS[status.posture])
    console.print(Text("posture: ").append_text(posture))


def _accounts(head: str, findings: Sequence["models.Finding"]) -> Table:
    table = Table(
        Column(head, no_wrap=True),
        Column("account", overflow="fold"),
        Column("resource group", overflow="fold"),
        Column("kind", overflow="fold"),
        Column("subscription", overflow="fold"),
        Column("reason", no_wrap=True),
        box=_BOX,
        show_edge=False,
        pad_edge=False,
        padding=_PADDING,
    )
    for finding in findings:
        table.add_row(
            _state(finding),
            _cell(finding.name),
            _cell(finding.resource_group),
            _cell(finding.kind),
            _cell(finding.subscription_name or finding.subscription_id),
            _cell(_why(finding)[0]),
        )
    return table


def _gaps(gaps: Sequence["models.Subscription"]) -> Table:
    table = Table(
        Column("not read", no_wrap=True),
        Column("subscription", overflow="fold"),
        Column("what to do", overflow="fold", ratio=1),
        box=_BOX,
        show_edge=False,
        pad_edge=False,
        padding=_PADDING,
    )
    for subscription in gaps:
        if (gap := subscription.gap) is not None:
            table.add_row(
                Text(gap.reason.value, style=_COLOURS[Verdict.UNKNOWN]),
                _cell(subscription.name or subscription.subscription_id),
                _cell(gap.detail or gap.missing_action),
            )
    return table


def _state(finding: "models.Finding") -> Text:
    if finding.key_health is None:
        return Text(finding.verdict.value, style=_COLOURS[finding.verdict])
    state = finding.key_health.state
    return Text(state.value, style=_KEY_COLOURS[state])


def _cell(text: str | None) -> Text:
    return Text(shown(text or ""))


def _sums_of_accounts(counts: "models.Accounts") -> str:
    line = (
        f"accounts: {counts.total:,}: {counts.compliant:,} compliant, "
        f"{counts.non_compliant:,} non_compliant, {counts.unknown:,} unknown"
    )
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
