"""No result in the report is better than the status, and nothing that spoils it is left out."""

import csv
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cmk_check.core.enums import CoverageState, Verdict
from cmk_check.core.model import Finding
from cmk_check.core.status import UnwrittenGap
from cmk_check.core.watch_state import Watch
from tests.unit.evidence.export_kit import WAIVED, all_sorts, estate, exported
from tests.unit.web.api_kit import EARLIER, LAB, NOON, PRODUCTION, coverage, finding

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


async def test_counts_that_do_not_fit_satisfy_nothing(tmp_path: Path) -> None:
    """The posture says compliant, and so do all findings: but one is missing."""
    served = await estate([SAFE])
    await served.put(
        coverage(subscription_id="5b1e0000-0000-0000-0000-000000000009"),
        [finding("new", Verdict.COMPLIANT, subscription_id="5b1e0000-0000-0000-0000-000000000009")],
    )

    bundle = await exported(served, tmp_path)

    assert not _is_satisfied(bundle)
    assert 'class="result unknown"' in _report(bundle)


async def test_an_old_result_satisfies_nothing(tmp_path: Path) -> None:
    """The status is unknown by then, although every finding is compliant."""
    served = await estate([SAFE])
    served.clock.time = NOON + timedelta(days=7)

    bundle = await exported(served, tmp_path)

    assert not _is_satisfied(bundle)
    assert 'class="result unknown"' in _report(bundle)


async def test_a_subscription_that_was_never_read_is_named(tmp_path: Path) -> None:
    """Else a list of compliant accounts says nothing of it; it was never recorded to its end."""
    served = await estate([SAFE])
    await served.put(coverage(CoverageState.PENDING, LAB, "Lab"))

    bundle = await exported(served, tmp_path)

    assert not _is_satisfied(bundle)
    assert "Lab" in _report(bundle)


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
