"""The result of ``check`` in each format."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

from cmk_check.cli.output_options import ReportFormat
from cmk_check.cli.stdout import write, write_bytes
from cmk_check.core.enums import PostureReason, ReasonSeverity, Verdict
from cmk_check.core.text import shown

_INFO, _UNKNOWN, _ERROR = ReasonSeverity.INFO, ReasonSeverity.UNKNOWN, ReasonSeverity.ERROR
# A row without a verdict is a loss.
_SEVERITIES: Final = dict(zip((*Verdict, None), (_INFO, _ERROR, _UNKNOWN, _ERROR), strict=True))

type ReportRow = dict[str, Any]


def write_report(
    rows: Sequence[ReportRow],
    faults: Sequence[str],
    notes: Sequence[str],
    result_format: ReportFormat,
) -> None:
    """Write accounts with their verdicts, losses without, and what was not judged or is empty."""
    from cmk_check.cli.junit import add_test, document_of
    from cmk_check.cli.problems import Problem
    from cmk_check.cli.sarif import log_of, result

    found = []
    for row in rows:
        accepted = "Accepted by --allow-loss." if row.get("allowed") else None
        severity = _SEVERITIES[row.get("verdict")]
        found.append((row, Problem(row["reason"], severity, row["message"], accepted)))
    if result_format is ReportFormat.JSON:
        accounts = [row for row in rows if "verdict" in row]
        losses = [row for row in rows if "allowed" in row]
        parts = {"accounts": accounts, "losses": losses}
        write(json.dumps({**parts, "notUsable": faults, "empty": notes}, indent=2))
    elif result_format is ReportFormat.SARIF:
        results = []
        for row, problem in found:
            text, place = f"{row['name']}: {problem.message}", (row["file"], row["line"])
            if problem.severity is not _INFO and not problem.accepted:
                own_id = f"{row['file']}#{row['address']}"
                results.append(result(problem, text, own_id, row["name"], place))
        code = PostureReason.NO_ACCOUNTS_IN_SCOPE
        said = [Problem(code, _INFO, note) for note in notes]
        write_bytes(log_of(results, said, {"executionSuccessful": not faults}))
    elif result_format is ReportFormat.JUNIT:
        suite = ET.Element("testsuite", name="cmk_check")
        for fault in faults:
            problem = Problem("not_usable", _UNKNOWN, fault)
            add_test(suite, "cmk_check", "file", fault, [problem])
        for row, problem in found:
            what = f"{row['name']}, {row['file']}, line {row['line']}"
            add_test(suite, row["file"], row["address"], what, [problem])
        write_bytes(document_of(suite))
    else:
        _show(rows, is_whole=not faults)


def _show(rows: Sequence[ReportRow], *, is_whole: bool) -> None:
    from cmk_check.cli import terminal_rows
    from cmk_check.cli.console import open_console, say
    from cmk_check.cli.table import COLOURS

    console = open_console(sys.stdout, color=True)
    table = []
    for row in rows:
        verdict = row.get("verdict") or ("allowed loss" if row["allowed"] else "loss")
        first, place = (verdict, row["name"], row["reason"]), f"{row['file']}:{row['line']}"
        colour = COLOURS[row.get("verdict") or Verdict.NON_COMPLIANT]
        table.append(terminal_rows.Row(first, (place, row["address"]), colour))
    if table:
        terminal_rows.print_rows(
            console, ("verdict", "account", "reason"), ("place", "resource"), table
        )
    for text in dict.fromkeys(f"{row['name']}: {row['message']}" for row in rows):
        say(console, shown(text), hanging=terminal_rows.INDENT)
    counts = Counter(row.get("verdict") for row in rows)
    parts = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in Verdict)
    losses = f"; losses: {counts[None]:,}" if counts[None] else ""
    if is_whole:
        console.print(f"accounts: {counts.total() - counts[None]:,}: {parts}{losses}")
