"""No result in the report is better than the status, and nothing that spoils it is left out."""

import csv
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cmk_check.core.enums import CoverageState, Verdict
from cmk_check.core.model import Finding
from cmk_check.core.status import UnwrittenGap
from cmk_check.core.watch_state import Watch
from tests.unit.evidence.export_kit import WAIVED, all_sorts, estate, exported
from tests.unit.web.api_kit import EARLIER, LAB, NOON, PRODUCTION, Served, coverage, finding

SAFE = finding("safe", Verdict.COMPLIANT)


def _report(bundle: Path) -> str:
    return (bundle / "report.html").read_text()


def _is_satisfied(bundle: Path) -> bool:
    """Return the result for the controls; exactly one must be in the report."""
    satisfied, not_satisfied = (
        _report(bundle).count(f"controls is: {result}. ")
        for result in ("satisfied", "not satisfied")
    )
    assert satisfied + not_satisfied == 1
    return bool(satisfied)


@pytest.mark.parametrize(
    ("findings", "gap", "is_satisfied"),
    [
        ([SAFE], False, True),
        ([SAFE, finding("bare")], False, False),
        ([SAFE, finding("odd", Verdict.UNKNOWN)], False, False),
        ([SAFE], True, False),
        ([replace(finding("waived"), exception=WAIVED)], False, False),
    ],
    ids=["compliant", "violation", "unknown", "gap", "exception"],
)
async def test_controls_are_satisfied_only_if_nothing_speaks_against_it(
    tmp_path: Path, findings: list[Finding], *, gap: bool, is_satisfied: bool
) -> None:
    """Whatever is not known or accepted for a time must not become satisfied."""
    bundle = await exported(await estate(findings, gap=gap), tmp_path)

    assert _is_satisfied(bundle) is is_satisfied


async def _add_an_account(served: Served) -> None:
    """All findings are compliant, but the counts lack one."""
    await served.put(
        coverage(subscription_id=LAB), [finding("new", Verdict.COMPLIANT, subscription_id=LAB)]
    )


async def _let_a_week_pass(served: Served) -> None:
    served.clock.time = NOON + timedelta(days=7)


async def _add_a_subscription(served: Served) -> None:
    """It was never recorded to its end."""
    await served.put(coverage(CoverageState.PENDING, LAB, "Lab"))


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (_add_an_account, 'class="result unknown"'),
        (_let_a_week_pass, 'class="result unknown"'),
        (_add_a_subscription, "Lab"),
    ],
)
async def test_compliant_findings_alone_satisfy_nothing(
    tmp_path: Path, act: Callable[[Served], Awaitable[None]], said: str
) -> None:
    """Counts that do not fit, a result that is old, and what was never read speak against it."""
    served = await estate([SAFE])
    await act(served)

    bundle = await exported(served, tmp_path)

    assert not _is_satisfied(bundle)
    assert said in _report(bundle)


@pytest.mark.parametrize("read", [EARLIER, None])
async def test_p1_what_the_last_scan_could_not_write_is_not_dated_by_it(
    tmp_path: Path, read: datetime | None
) -> None:
    """Its row says that it was read, and is compliant: that was before."""
    served = await estate([SAFE])
    stored = await served.scans.status()
    gaps = (UnwrittenGap(PRODUCTION, read),)
    summary = replace(stored.value.summary, unwritten=1, unwritten_gaps=gaps)
    later = NOON + timedelta(minutes=1)
    await served.put_status(replace(stored.value, as_of=later, summary=summary))

    bundle = await exported(served, tmp_path)

    (row,) = csv.DictReader((bundle / "findings.csv").read_text("utf-8-sig").splitlines())
    assert row["asOf"] == (read.isoformat().replace("+00:00", "Z") if read else "")
    assert not _is_satisfied(bundle)


async def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    """Also a day later: whoever compares two bundles sees what has changed."""
    served = await estate(all_sorts(), gap=True)
    looks = [NOON, NOON + timedelta(minutes=2)]
    bundles = []
    for name, look in zip(("one", "other"), looks, strict=True):
        await served.put_watch(Watch(last_look=look))
        bundles.append(await exported(served, tmp_path, name))
        served.clock.time = NOON + timedelta(hours=2)

    one, other = ({path.name: path.read_bytes() for path in each.iterdir()} for each in bundles)
    assert one.pop("status.json") != other.pop("status.json")
    assert one == other
