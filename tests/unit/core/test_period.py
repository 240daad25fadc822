"""What happened in a period: what counts, once, and what is not news."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.core.period import Happening, build_period

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def _change(kind: ChangeType, subject: str = "/a", at: datetime = NOON, **data: object) -> Change:
    return Change(f"{kind}{subject}{at}", kind, at, "/subscriptions/s", subject, data)


def _states(name: str, before: str | None, after: str | None) -> dict[str, object]:
    sides = {"before": before, "after": after}
    return {side: None if state is None else {name: state} for side, state in sides.items()}


@pytest.mark.parametrize(
    ("kind", "data", "happening"),
    [
        (ChangeType.ACCOUNT_VIOLATED, _states("verdict", None, "non_compliant"), "violated"),
        (ChangeType.ACCOUNT_RESOLVED, _states("verdict", "non_compliant", "compliant"), "fixed"),
        (ChangeType.ACCOUNT_RESOLVED, _states("verdict", "unknown", "compliant"), None),
        (ChangeType.ACCOUNT_REMOVED, _states("verdict", "non_compliant", None), None),
        (ChangeType.ACCOUNT_OVERDUE, {}, "overdue"),
        (ChangeType.KEY_DEGRADED, _states("keyHealth", "at_risk", "broken"), "keyBroken"),
        (ChangeType.KEY_DEGRADED, _states("keyHealth", None, "broken"), "keyBroken"),
        (ChangeType.KEY_DEGRADED, _states("keyHealth", "broken", "broken"), None),
        (ChangeType.KEY_DEGRADED, _states("keyHealth", "healthy", "at_risk"), None),
        (ChangeType.KEY_RECOVERED, _states("keyHealth", "broken", "at_risk"), "keyRepaired"),
        (ChangeType.KEY_RECOVERED, _states("keyHealth", "broken", "unknown"), None),
        (ChangeType.KEY_RECOVERED, _states("keyHealth", "at_risk", "healthy"), None),
        (ChangeType.COVERAGE_LOST, {}, "gapOpened"),
        (ChangeType.COVERAGE_REGAINED, {}, "gapClosed"),
        (ChangeType.COVERAGE_REMOVED, {}, "gapClosed"),
        (ChangeType.SCAN_FAILED, {}, None),
    ],
)
def test_what_happened_is_read_from_the_change(
    kind: ChangeType, data: dict[str, object], happening: str | None
) -> None:
    """A key that can no longer be read is not repaired, and an unknown account was not fixed."""
    period = build_period([replace(_change(kind), data=data)])

    assert [each for each, changes in period.happened.items() if changes] == (
        [Happening(happening)] if happening else []
    )


def test_what_the_first_scan_found_is_not_news() -> None:
    """Otherwise each estate would begin with a week of violations."""
    found = _change(ChangeType.ACCOUNT_VIOLATED, baseline=True)
    gap = _change(ChangeType.COVERAGE_LOST, baseline=False, scanId="1")
    first = _change(ChangeType.SCAN_BASELINE, "/scans/1", baseline=True, scanId="1")

    period = build_period([found, gap, first])

    assert (period.text, period.first_scan) == ("first scan", first)
    assert not any(period.happened.values())


def test_the_phrase_names_what_happened_and_nothing_else() -> None:
    """It stands in a line of the page."""
    changes = [
        *(_change(ChangeType.ACCOUNT_VIOLATED, f"/{number}") for number in range(1_200)),
        _change(ChangeType.COVERAGE_LOST),
    ]

    assert build_period(changes).text == "1,200 new violations, 1 new gap"
    assert build_period([]).text == "no news"


def test_a_subject_counts_once() -> None:
    """An account that flaps is one new violation."""
    kind, hour = ChangeType.ACCOUNT_VIOLATED, timedelta(hours=1)
    changes = [
        *(_change(kind, "/twice", NOON - number * hour) for number in (3, 1)),
        _change(kind, "/once"),
        _change(ChangeType.ACCOUNT_OVERDUE, "/twice", baseline=False),
        _change(ChangeType.COVERAGE_LOST, "/found", baseline=True),
    ]

    happened = build_period(changes).happened

    subjects = {each: [change.subject for change in found] for each, found in happened.items()}
    assert subjects.pop(Happening.VIOLATED) == ["/twice", "/once"]
    assert subjects.pop(Happening.OVERDUE) == ["/twice"]
    assert not any(subjects.values())
