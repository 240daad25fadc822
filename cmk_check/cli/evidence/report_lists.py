"""The lists of the report, as long as people read them, collected in one pass."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from cmk_check.cli.evidence.download import Evidence
from cmk_check.cli.evidence.summary import gap_of, has_broken_key, is_excepted
from cmk_check.core.data_stores.account_data import COVERED
from cmk_check.core.enums import Verdict
from cmk_check.limits import MAX_NAMES_LISTED, MAX_REPORT_ROWS
from cmk_check.web import models


@dataclass(slots=True)
class Shortened[T]:
    """The first entries of a list, or with ``newest`` the last ones, and how many there are."""

    newest: bool = False
    total: int = 0
    shown: deque[T] = field(default_factory=lambda: deque(maxlen=MAX_REPORT_ROWS))

    def add(self, entry: T) -> None:
        """Count an entry, and keep it if there is room."""
        self.total += 1
        if self.newest or len(self.shown) < MAX_REPORT_ROWS:
            self.shown.append(entry)


@dataclass(frozen=True, slots=True)
class ReportLists:
    """What the report lists; ``cross_check`` is that of the last full scan that has one."""

    violated: Shortened[models.Finding]
    unknown: Shortened[models.Finding]
    broken: Shortened[models.Finding]
    excepted: Shortened[models.Finding]
    uncovered: Shortened[models.Finding]
    gaps: Shortened[models.Subscription]
    changes: Shortened[models.ChangeEvent]
    tenants: list[str]
    rules: list[str]
    cross_check: models.CrossCheck | None

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """Collect them."""
        violated, unknown, broken, excepted, uncovered = (
            Shortened[models.Finding]() for _ in range(5)
        )
        rules = set[str]()
        for finding in evidence.findings():
            rules.add(finding.rule_version)
            data = finding.data_stores
            if evidence.status.data_stores and (data is None or data.state not in COVERED):
                uncovered.add(finding)
            if finding.verdict is Verdict.UNKNOWN:
                unknown.add(finding)
            elif is_excepted(finding):
                excepted.add(finding)
            elif finding.verdict is Verdict.NON_COMPLIANT:
                violated.add(finding)
            elif has_broken_key(finding):
                broken.add(finding)
        gaps, tenants = Shortened[models.Subscription](), set[str]()
        for subscription in evidence.subscriptions():
            tenants.add(subscription.tenant_id or "not known")
            if gap_of(subscription) is not None:
                gaps.add(subscription)
        changes = Shortened[models.ChangeEvent](newest=True)
        for change in evidence.changes_of_period():
            changes.add(change)
        last = evidence.status.last_scan
        crossed = (scan.cross_check for scan in evidence.scans() if last and scan.id == last.id)
        return cls(
            violated,
            unknown,
            broken,
            excepted,
            uncovered,
            gaps,
            changes,
            _shortened(tenants),
            _shortened(rules),
            next(crossed, None),
        )


def _shortened(names: Iterable[str]) -> list[str]:
    found = sorted(names)
    more = len(found) - MAX_NAMES_LISTED
    return found if more <= 0 else [*found[:MAX_NAMES_LISTED], f"and {more} more"]
