"""Shows one scan of a sample estate, from an empty storage to the result: `make demo`."""

import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from local.azurite import AzuriteMissingError
from local.child_process import ChildFailedError
from local.stack import ScanTimeoutError, Stack

_COLOURS: Final = {"compliant": "green", "non_compliant": "red", "unknown": "yellow"}
# A terminal reports its width; a file or a pipe does not, so its lines get a fixed width.
_PIPE_WIDTH: Final = 160


def main() -> int:
    """Show one scan; return the exit code, which is 0 for every posture."""
    started = time.monotonic()
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PIPE_WIDTH)
    console.print("Starting on free ports of 127.0.0.1. Nothing leaves this machine.")
    try:
        with Stack(announce=lambda part: console.print(f"  {part}")) as stack:
            _scan(console, stack)
            _show_findings(console, stack)
            line = _show_status(console, stack)
    except (AzuriteMissingError, ChildFailedError, ScanTimeoutError) as error:
        console.print(f"[red]The demo failed.[/red] {error}", soft_wrap=True)
        console.print("Run `make clean install` and try again. `make up` shows the app's log.")
        return 1
    seconds = time.monotonic() - started
    console.print(f"Everything has stopped, after {seconds:.1f} s. `make up` keeps it running.")
    console.print(line)
    return 0


def _scan(console: Console, stack: Stack) -> None:
    """Fire the timer, and follow the scan by its requests to the simulated Azure."""
    console.print("Scanning: the demo fires the timer that starts a scan every hour.")
    columns = (TextColumn("  subscriptions read"), BarColumn(), MofNCompleteColumn())
    listed = [entry for entry in stack.simulator.estate.subscriptions if entry.listed]
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("read", total=len(listed))

        def tick() -> None:
            asked = {r.path for r in stack.simulator.requests if r.path.endswith("/accounts")}
            progress.update(task, completed=len(asked))

        stack.scan(tick=tick)
        tick()


def _show_findings(console: Console, stack: Stack) -> None:
    """Print a line for every finding, the most serious first."""
    console.print(f"GET {stack.host.url}/api/v1/findings, with the function's key:")
    table = Table("verdict", "account", "reason", box=None, pad_edge=False, padding=(0, 1))
    findings: list[Mapping[str, Any]] = stack.get("v1/findings").body["value"]
    order = ("non_compliant", "unknown", "compliant")
    for finding in sorted(findings, key=lambda found: order.index(found["verdict"])):
        table.add_row(
            Text(finding["verdict"], style=_COLOURS[finding["verdict"]]),
            Text(finding["name"]),
            Text(_why(finding)),
        )
    console.print(table)


def _why(finding: Mapping[str, Any]) -> str:
    """Return the worst problem of a finding's key, or the reason of its verdict."""
    reasons = (finding["keyHealth"] or {"reasons": []})["reasons"]
    problems = [reason["code"] for reason in reasons if reason["severity"] != "notice"]
    return f"its key: {problems[0]}" if problems else str(finding["reason"])


def _show_status(console: Console, stack: Stack) -> str:
    """Print the reasons for the posture; return the line that sums it up."""
    status = stack.get("v1/status").body
    console.print(f"GET {stack.host.url}/api/v1/status:")
    for reason in status["reasons"]:
        console.print(Text(f"  {reason['code']}: {reason['message']}"))
    if keys := status["keys"]:
        console.print(
            f"  keys of compliant accounts: {keys['healthy']} healthy, {keys['atRisk']} at risk, "
            f"{keys['broken']} broken, {keys['unknown']} unknown"
        )
    for gap in status["gaps"]:
        action = f", missing {gap['missingAction']}" if gap["missingAction"] else ""
        console.print(Text(f"  gap: {gap['name']}: {gap['reason']}{action}"))
    posture, accounts, read = status["posture"], status["accounts"], status["subscriptions"]
    text = f"{accounts['nonCompliant']} of {accounts['total']} accounts are not encrypted with"
    return (
        f"posture: [{_COLOURS[posture]}]{posture}[/]: {text} a customer-managed key, "
        f"{accounts['unknown']} could not be judged, "
        f"{read['gap']} of {read['total']} subscriptions could not be read"
    )


if __name__ == "__main__":
    sys.exit(main())
