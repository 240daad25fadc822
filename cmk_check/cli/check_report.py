"""Write the result of ``check`` in each format, and compare it with an earlier result."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from cmk_check.cli.entries import Entry, Problem
from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.core.enums import PostureReason, ReasonSeverity, Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from cmk_check.cli.compare_results import Difference, Earlier, Scope, Violations

# A row without a verdict is a loss. The worst state comes first.
_LOSS: Final = "loss"
_ALLOWED: Final = "allowed loss"
_ORDER: Final = (_LOSS, Verdict.NON_COMPLIANT, Verdict.UNKNOWN, _ALLOWED, Verdict.COMPLIANT)

type ReportRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Accounts with verdicts, losses without verdicts, and files that were not judged.

    ``notes`` are about judged ``files`` without an account. ``hints`` say how more accounts can be
    judged.
    """

    files: Collection[str]
    rows: Sequence[ReportRow]
    faults: Sequence[str]
    notes: Mapping[str, str]
    scope: "Scope"
    hints: Sequence[str] = ()

    async def write(self, options: OutputOptions, console: "Console") -> AsyncIterator[bytes]:
        """Yield the result in its format."""
        from cmk_check.cli.junit import render_junit
        from cmk_check.cli.result_writer import capture_output
        from cmk_check.cli.sarif import render_sarif

        match options.format:
            case Format.JSON:
                accounts, losses = self._accounts(), [row for row in self.rows if "allowed" in row]
                parts = {"scope": self.scope, "accounts": accounts, "losses": losses}
                parts |= {"notUsable": self.faults, "empty": [*self.notes.values()]}
                yield f"{json.dumps(parts, indent=2)}\n".encode()
            case Format.SARIF:
                yield render_sarif(self._entries(), {}, failed=bool(self.faults))
            case Format.JUNIT:
                yield render_junit([*map(_fault, self.faults), *self._entries()])
            case _:
                yield capture_output(console, lambda: self._show(console, options))

    def _accounts(self) -> list[ReportRow]:
        return [row for row in self.rows if "verdict" in row]

    def _entries(self) -> list[Entry]:
        code = PostureReason.NO_ACCOUNTS_IN_SCOPE
        return [*map(_entry, self.rows)] + [
            Entry(file, file, (), (file, "document", file), notes=[Problem(code, _INFO, note)])
            for file, note in self.notes.items()
        ]

    def _show(self, console: "Console", options: OutputOptions) -> None:
        from cmk_check.cli.table import COLOURS
        from cmk_check.cli.terminal_rows import Row, print_rows

        rows = []
        for place, row in enumerate(self.rows):
            state = _state(row)
            cells = {"verdict": state, "account": row["name"]}
            cells |= {"place": f"{row['file']}:{row['line']}", "reason": row["reason"]}
            colour = COLOURS[row.get("verdict") or Verdict.NON_COMPLIANT]
            messages = [] if state == Verdict.COMPLIANT else [(row["reason"], row["message"])]
            cells["resource"] = row["address"]
            rows.append(Row(cells, colour, messages, (_ORDER.index(state), place)))
        print_rows(console, rows, options)
        counts = Counter(map(_state, self.rows))
        parts = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in Verdict)
        losses = counts[_LOSS] + counts[_ALLOWED]
        if not self.faults:
            more = f"; losses: {losses:,}" if losses else ""
            console.print(f"accounts: {len(self.rows) - losses:,}: {parts}{more}")

    def compare(self, earlier: "Earlier") -> "Difference":
        """Compare with an earlier result."""
        rows = {row["id"]: row["verdict"] for row in self._accounts()}
        files = {row["id"]: row["file"] for row in earlier.document["accounts"]}
        # An account may be in a part of the document that is unknown.
        unknown = {row["file"] for row in self.rows if row.get("verdict") == Verdict.UNKNOWN}
        clear = {PurePath(file).as_posix() for file in self.files} - unknown

        def is_settled(account: str, _reason: str) -> bool:
            return files.get(account) in clear and rows.get(account) in {None, Verdict.COMPLIANT}

        return earlier.compare(violations(self._accounts(), "new"), is_settled)


_INFO, _UNKNOWN, _ERROR = ReasonSeverity.INFO, ReasonSeverity.UNKNOWN, ReasonSeverity.ERROR


def violations(rows: Sequence[ReportRow], when: str) -> "Violations":
    """Return the violations; a violation with an undecided name is equal to no other."""
    return {
        (row["id"] or f"{when} {place}", row["reason"]): f"{row['name']}: {row['reason']}, "
        f"{row['file']}, {row['address']}"
        for place, row in enumerate(rows)
        if row["verdict"] == Verdict.NON_COMPLIANT
    }


def _state(row: ReportRow) -> str:
    return str(row.get("verdict") or (_ALLOWED if row["allowed"] else _LOSS))


def _entry(row: ReportRow) -> Entry:
    accepted = "Accepted by --allow-loss." if row.get("allowed") else None
    severity = _UNKNOWN if row.get("verdict") == Verdict.UNKNOWN else _ERROR
    problem = Problem(row["reason"], severity, row["message"], accepted)
    problems = [] if row.get("verdict") == Verdict.COMPLIANT else [problem]
    test = (row["file"], row["address"], f"{row['name']}, {row['file']}, line {row['line']}")
    place = (row["file"], row["line"])
    return Entry(f"{row['file']}#{row['address']}", row["name"], problems, test, place)


def _fault(fault: str) -> Entry:
    problem = Problem("not_usable", _UNKNOWN, fault)
    return Entry(fault, fault, [problem], ("cmk_check", "file", fault))
