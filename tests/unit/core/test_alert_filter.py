"""Which changes are posted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import pytest

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.core.route import is_alert

NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
ALL: Final = frozenset(kind.value for kind in ChangeType)


def change(kind: ChangeType, data: Mapping[str, object]) -> Change:
    """Return a change."""
    return Change("id", kind, NOON, "/s", "/s/a", data)


@pytest.mark.parametrize(
    ("kind", "data", "alert_on", "expected"),
    [
        (ChangeType.ACCOUNT_VIOLATED, {"baseline": False}, ALL, True),
        (ChangeType.ACCOUNT_VIOLATED, {}, ALL, True),
        (ChangeType.ACCOUNT_VIOLATED, {"baseline": "true"}, ALL, True),
        (ChangeType.ACCOUNT_VIOLATED, {"baseline": True}, ALL, False),
        (ChangeType.SCAN_BASELINE, {"baseline": True}, ALL, True),
        (ChangeType.SCAN_BASELINE, {"baseline": True}, ALL - {"cmkcheck.scan.baseline"}, False),
        (ChangeType.COVERAGE_LOST, {"baseline": False}, {"cmkcheck.coverage.lost"}, True),
        (ChangeType.COVERAGE_LOST, {"baseline": False}, {"cmkcheck.coverage.regained"}, False),
        (ChangeType.SCAN_FAILED, {}, {"cmkcheck.scan"}, False),
        (ChangeType.SCAN_FAILED, {}, frozenset(), False),
    ],
    ids=[
        "asked for",
        "says nothing of a baseline",
        "only true is true",
        "found by the first scan",
        "the first scan itself",
        "the first scan, not asked for",
        "one of its type alone",
        "another type alone",
        "no prefix of a type",
        "nothing is asked for",
    ],
)
def test_alerts_are_what_was_asked_for_and_no_first_inventory(
    kind: ChangeType, data: Mapping[str, object], alert_on: frozenset[str], *, expected: bool
) -> None:
    """A first scan of 5,000 accounts must not ring 5,000 times, nor a real alert be left out."""
    assert is_alert(change(kind, data), alert_on) is expected
