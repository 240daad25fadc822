"""Measure every figure of the table in docs/testing.md in one run: ``python -m bench``."""

import argparse
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.processes import SimulatorProcess, Size, host_of, measure
from local.azurite import Azurite
from local.browser import NAMES, find_browser

_MIDDLE: Final = Size(1_000)
_MIDDLE_WITH_KEYS: Final = Size(1_000, keys=True)
_SIZES: Final = (Size(10, keys=True), _MIDDLE_WITH_KEYS, Size(10_000, keys=True))
_PARTS: Final = ("scans", "installed", "web", "estates")
_DELAY_MS: Final = 100
_COLUMNS: Final = ("figure", "measured", "floor", "ratio", "bar")
_PAGE: Final = Path(__file__).parents[1] / "docs/testing.md"
_BEGIN: Final = "<!-- measured -->"
# Each needs tables of its own, and half a minute with its floor.
_FIRST_SCANS: Final = 3
_NOT_FOR_KEYS: Final = {"subscription", "account", "exemption", "assignment", "policy"}


class Report:
    """The table of figures."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: list[Sequence[str]] = []
        self.holds = True

    def ratio(self, figure: str, measured: float, floor: float, bar: float, unit: str) -> None:
        """Add a figure that is compared with its floor."""
        ratio = measured / floor
        self._add(
            figure,
            f"{measured:.2f} {unit}",
            f"{floor:.2f} {unit}",
            f"{ratio:.2f}",
            f"{bar:g}",
            ratio <= bar,
        )

    def pairs(
        self,
        figure: str,
        measured: Sequence[float],
        floors: Sequence[float],
        bar: float,
        unit: str = "s",
    ) -> None:
        """Add a figure whose runs were measured in turn with those of its floor.

        Other work on the machine disturbs both of a pair: the median of the ratios counts.
        """
        ratios = sorted(one / floor for one, floor in zip(measured, floors, strict=True))
        self._add(
            figure,
            f"{median(measured):.2f} {unit}",
            f"{median(floors):.2f} {unit}",
            f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
            "" if math.isinf(bar) else f"{bar:g}",
            median(ratios) <= bar,
        )

    def most(self, figure: str, measured: float, bar: float, unit: str = "") -> None:
        """Add a figure that must not exceed a number."""
        self._add(figure, f"{measured:g} {unit}", "", "", f"{bar:g} {unit}", measured <= bar)

    def show(self) -> None:
        """Print the table."""
        table = Table(*_COLUMNS)
        for row in self._rows:
            table.add_row(*row)
        self._console.print(table)

    def write(self, page: Path) -> None:
        """Replace the same figures in the table of a page, and keep the others."""
        before, table, after = re.split(
            f"(?s)({_BEGIN}\n.*?)(?=<!-- measured: end -->)", page.read_text()
        )
        rows = dict(re.findall(r"(?m)^\| (.+?) \|( \S.*)$", table))
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        rows |= {
            row[0]: f" {' | '.join(cell.strip() for cell in (*row[1:], today))} |"
            for row in self._rows
        }
        lines = (f"| {figure} |{cells}\n" for figure, cells in rows.items())
        page.write_text(f"{before}{_BEGIN}\n\n{''.join(lines)}\n{after}")

    def _add(self, *cells: str | bool) -> None:
        *texts, holds = cells
        self.holds = self.holds and bool(holds)
        *most, bar = map(str, texts)
        self._rows.append((*most, bar if holds else f"{bar}: not met"))


def main() -> int:
    """Measure and print the table; return 1 if a figure exceeds its bar."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="leave out 10,000 subscriptions")
    parser.add_argument("--only", choices=_PARTS, help="measure only this part")
    parser.add_argument("--write", action="store_true", help="also into docs/testing.md")
    arguments = parser.parse_args()
    if arguments.only in {None, "web"} and find_browser() is None:
        parser.error(f"the page is measured in a browser: install one of {', '.join(NAMES)}")
    context = [arguments.only] if arguments.only else _PARTS
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    report = Report(console)
    try:
        estates = _measure(report, console, context, short=arguments.short)
    finally:
        # What was measured is shown, also where a later measurement failed.
        report.show()
        if arguments.write:
            report.write(_PAGE)
    if estates:
        _show_costs(console, estates)
    return 0 if report.holds else 1


def _measure(
    report: Report, console: Console, context: Sequence[str], *, short: bool
) -> dict[str, dict[str, Any]]:
    """Measure the parts that are asked for, and return what was counted of each estate."""
    with Azurite() as storage:
        if "scans" in context:
            _scans(report, console, storage)
        if "installed" in context:
            _installed(report, console)
        if "web" in context:
            _web(report, console, storage, filled="scans" in context)
    estates = {}
    if "estates" in context:
        console.print("Measuring requests and memory ...")
        sizes = _SIZES[:2] if short else _SIZES
        estates = {str(size): _estate(size) for size in sizes}
        _memory(report, estates)
        _searches(report, list(estates.values())[-1]["searches"])
        _writes(report, estates[str(_MIDDLE_WITH_KEYS)]["scans"][1]["counts"])
    return estates


def _scans(report: Report, console: Console, storage: Azurite) -> None:
    """Compare scans with their floors, and keep the findings of the last one in the storage."""
    with SimulatorProcess(_MIDDLE, _DELAY_MS) as simulator:
        console.print("Measuring first and second scans, 100 ms per answer ...")
        firsts = []
        with ExitStack() as others:
            empty_ones = [others.enter_context(Azurite()) for _ in range(_FIRST_SCANS - 1)]
            for empty in (*empty_ones, storage):
                with Azurite() as bare:
                    firsts.append(measure("first", simulator, empty, bare=bare))
        _steady(report, measure("steady", simulator, storage))
    with SimulatorProcess(_MIDDLE, 0) as simulator:
        console.print("Measuring second scans, 0 ms per answer ...")
        found = measure("steady", simulator, storage)
        _steady(report, found, 0, 2.3)
        _first(report, firsts)
        found = measure("profile", simulator, storage)
        _show_profile(console, found["seconds"])
        _cold(report, measure("cold", simulator, storage))


def _web(report: Report, console: Console, storage: Azurite, *, filled: bool) -> None:
    """Compare the API and the page with their floors, with 5,000 findings."""
    with SimulatorProcess(_MIDDLE, 0) as simulator:
        if not filled:
            console.print("Running a first scan ...")
            measure("estate", simulator, storage)
        console.print("Measuring the API and the page ...")
        _status(report, measure("status", simulator, storage))
        _findings(report, measure("findings", simulator, storage))
        with host_of(simulator, storage) as host:
            _polling(report, measure("polling", simulator, storage, host=host))
            _page(report, measure("page", simulator, storage, host=host))


def _steady(
    report: Report, found: Mapping[str, Any], delay_ms: int = _DELAY_MS, bar: float = 1.25
) -> None:
    figure = f"second scan for accounts alone, {delay_ms} ms an answer"
    report.pairs(figure, *_runs(found, "scan", "floor"), bar)


def _runs(found: Mapping[str, Any], measured: str, floor: str) -> tuple[list[float], list[float]]:
    rounds = found["rounds"]
    return [entry[measured] for entry in rounds], [entry[floor] for entry in rounds]


def _installed(report: Report, console: Console) -> None:
    """Compare scans as the app is installed with the same requests, and with fewer."""
    console.print("Measuring hourly scans as installed, 100 ms per answer ...")
    with Azurite() as storage, SimulatorProcess(_MIDDLE_WITH_KEYS, _DELAY_MS) as simulator:
        found = measure("installed", simulator, storage)
    _compare(report, "hourly scan as installed", found, same=1.5, of_accounts=2)
    requests, accounts = found["requests"], found["accounts"]
    for_keys = sum(count for kind, count in requests.items() if kind not in _NOT_FOR_KEYS)
    of_accounts = requests["account"] + requests["subscription"]
    report.most(
        "hourly scan, requests per account, for accounts and keys",
        round((of_accounts + for_keys) / accounts, 3),
        0.35,
    )
    _show_requests(console, found)
    console.print("Measuring the command as installed, 100 ms per answer ...")
    with Azurite() as storage, SimulatorProcess(Size(100, keys=True), _DELAY_MS) as simulator:
        found = measure("command", simulator, storage)
    _compare(report, "cmk-check scan, 100x5", found, same=2, of_accounts=math.inf)


def _compare(
    report: Report, figure: str, found: Mapping[str, Any], *, same: float, of_accounts: float
) -> None:
    report.pairs(f"{figure}, beside the same requests", *_runs(found, "scan", "same"), same)
    of_accounts_alone = _runs(found, "scan", "accounts")
    report.pairs(f"{figure}, beside those for accounts", *of_accounts_alone, of_accounts)


def _show_requests(console: Console, found: Mapping[str, Any]) -> None:
    table = Table("requests of an hourly scan as installed", "mean", "per account")
    for kind, count in found["requests"].items():
        table.add_row(kind, f"{count:.1f}", f"{count / found['accounts']:.3f}")
    console.print(table)


def _first(report: Report, found: Sequence[Mapping[str, Any]]) -> None:
    one = found[0]
    figure = f"first scan, {one['findings']:,} findings, {one['transactions']:,} transactions"
    floors = [each["bare"] + each["floor"] for each in found]
    report.pairs(figure, [each["scan"] for each in found], floors, 1.3)


def _status(report: Report, found: Mapping[str, Any]) -> None:
    for name, bar in (("p50", 2), ("p99", 3)):
        answer, floor = found["answer"][name], found["floor"][name]
        report.ratio(f"GET status, {name}", answer, floor, bar, "ms")
    report.most("GET status, point reads", found["requests"], 1)


def _findings(report: Report, found: Mapping[str, Any]) -> None:
    figure = f"GET findings, a page of {found['rows']:,}"
    report.pairs(figure, found["answers"], found["floors"], 2, "ms")


def _polling(report: Report, found: Mapping[str, Any]) -> None:
    figure = "50 clients poll the status for 30 s, errors"
    report.most(figure, sum(found["errors"].values()), 0)


def _page(report: Report, found: Mapping[str, Any]) -> None:
    rows = f"{found['rounds'][0]['rows']:,} findings"
    for figure, name, bar in (
        ("page, first paint", "paint", 4),
        (f"page, {rows} ready", "ready", 1.2),
        (f"page, {rows} filtered", "filter", 4),
    ):
        report.pairs(figure, *_runs(found, name, f"{name}Floor"), bar, "ms")


def _cold(report: Report, found: Mapping[str, Any]) -> None:
    report.most("heavy packages loaded by import function_app", len(found["loaded"]), 0)


def _estate(size: Size) -> dict[str, Any]:
    with Azurite() as storage, SimulatorProcess(size, 0) as simulator:
        found = measure("estate", simulator, storage)
        return found | {"searches": measure("searches", simulator, storage)}


def _searches(report: Report, found: Mapping[str, Any]) -> None:
    """Report searches and sums of the largest estate, and the status beside 16 searches."""
    of = f"of {found['findings']:,} findings"
    for matches, page in found["pages"].items():
        figure = f"search {of} that finds {matches}: {page['found']} in {page['rows']:,} rows"
        report.pairs(figure, page["answers"], page["floors"], 4, "ms")
    for name, times in zip(("owners", "keys"), found["sums"], strict=True):
        report.most(f"GET {name} {of}", round(median(times)), 1_500, "ms")
    report.most(f"peak memory, owners and keys {of}", round(found["peakMiB"]), 300, "MiB")
    figure = f"GET status, p50, beside 16 searches {of}"
    report.ratio(figure, found["beside"], found["alone"], 3, "ms")
    report.most(f"of 16 searches {of} at once, refused", found["refused"], 0)
    report.most("the same, without a link to go on", found["ended"], 0)


def _memory(report: Report, estates: Mapping[str, Mapping[str, Any]]) -> None:
    middle, large = map(str, _SIZES[1:])
    if large in estates:
        large_mib, middle_mib = estates[large]["peakMiB"], estates[middle]["peakMiB"]
        report.ratio(f"peak memory, {large} beside {middle}", large_mib, middle_mib, 1.5, "MiB")
    for size, estate in estates.items():
        report.most(f"peak memory, {size}", round(estate["peakMiB"]), 300, "MiB")


def _writes(report: Report, counts: Mapping[str, Any]) -> None:
    written = dict(counts["table_writes"])
    report.most("second scan, writes in cmkfindings", written.pop("cmkfindings", 0), 0)
    bar = 2 * counts["slices"] + 6
    report.most("second scan, transactions elsewhere", sum(written.values()), bar)


def _show_profile(console: Console, seconds: Mapping[str, float]) -> None:
    table = Table("where a second scan's time goes (profiled)", "s")
    for name, spent in seconds.items():
        table.add_row(name, f"{spent:.2f}")
    console.print(table)


def _show_costs(console: Console, estates: Mapping[str, Mapping[str, Any]]) -> None:
    names = ("estate", "scan", "ARM", "table reads", "table writes", "queue")
    table = Table(*names)
    for size, estate in estates.items():
        for scan, found in zip(("first", "second"), estate["scans"], strict=True):
            table.add_row(size, scan, *_requests(found["counts"]))
    console.print(table)


def _requests(counts: Mapping[str, Any]) -> Iterable[str]:
    writes = sum(counts["table_writes"].values())
    return map(str, (counts["arm"], counts["table_reads"], writes, counts["queue"]))


if __name__ == "__main__":
    sys.exit(main())
