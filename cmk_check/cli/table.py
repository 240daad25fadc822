"""The result of a scan for people: what is wrong, why, and what to do; the answer comes last."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from cmk_check.cli.console import shown
from cmk_check.core.words import Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from cmk_check.cli.answer import Answer
    from cmk_check.web import models

_BOX: Final = SIMPLE_HEAD
_PADDING: Final = (0, 1, 0, 0)
_COLOURS: Final[Mapping[Verdict, str]] = {
    Verdict.COMPLIANT: "green",
    Verdict.NON_COMPLIANT: "red",
    Verdict.UNKNOWN: "yellow",
}


async def show(console: "Console", answer: "Answer", status: "models.Status") -> None:
    """Print the accounts and subscriptions that are not well, the sums, and the posture."""
    wrong = [
        finding
        for verdict in (Verdict.NON_COMPLIANT, Verdict.UNKNOWN)
        async for page in answer.pages(verdict)
        for finding in page
    ]
    if wrong:
        console.print(_accounts(wrong))
        console.print()
        # Said once, since many accounts have the same.
        for reason, message in dict.fromkeys(
            (finding.reason, finding.message) for finding in wrong
        ):
            console.print(Text(f"{reason}: {shown(message)}"), soft_wrap=True)
        console.print()
    if gaps := [gap async for gap in answer.gaps()]:
        console.print(_gaps(gaps))
        console.print()
    summarise(console, status)


def summarise(console: "Console", status: "models.Status") -> None:
    """Print the sums, the reasons and the posture, a line each."""
    for text in (_sums_of_accounts(status.accounts), _sums_of_subscriptions(status.subscriptions)):
        console.print(Text(text), soft_wrap=True)
    for reason in status.reasons:
        console.print(Text(f"{reason.code}: {shown(reason.message)}"), soft_wrap=True)
    posture = Text(status.posture.value, style=_COLOURS[status.posture])
    console.print(Text("posture: ").append_text(posture))


def _accounts(findings: Sequence["models.Finding"]) -> Table:
    table = Table(
        Column("verdict", no_wrap=True),
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
            Text(finding.verdict.value, style=_COLOURS[finding.verdict]),
            _cell(finding.name),
            _cell(finding.resource_group),
            _cell(finding.kind),
            _cell(finding.subscription_name or finding.subscription_id),
            _cell(finding.reason),
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


def _sums_of_subscriptions(counts: "models.Subscriptions") -> str:
    return (
        f"subscriptions: {counts.total:,}: {counts.read:,} read, {counts.gap:,} not read, "
        f"{counts.excluded:,} excluded, {counts.retired:,} retired"
    )
