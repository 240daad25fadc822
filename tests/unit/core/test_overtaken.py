"""Which change overtakes another: the same subject and question, from a later reading."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cmk_check.core.enums import ChangeType
from cmk_check.core.model import Change
from cmk_check.core.overtaken import LatestChanges

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def _change(said: str, sequence: int, subject: str = "/a", scan: int = 0) -> Change:
    """Make a change, of a key with its health; a later sequence has a later scan unless named."""
    kind, _, health = said.partition(" ")
    scan = scan or sequence
    time = NOON + timedelta(seconds=10 * scan)
    source = f"/scans/{scan}" if kind.startswith("scan.") else "/subscriptions/s"
    where = source if kind.startswith("scan.") else subject
    kind_of = ChangeType(f"cmkcheck.{kind}")
    data = {"scanId": scan, "after": {"keyHealth": health}}
    return Change(f"c{sequence}", kind_of, time, source, where, data, sequence)


def _is_overtaken(change: Change, *seen: Change) -> bool:
    latest = LatestChanges()
    latest.add([change, *seen])
    return "overtakenBy" in latest.mark(change).data


@pytest.mark.parametrize(
    ("earlier", "later", "is_overtaken"),
    [
        ("account.resolved", "account.violated", True),
        ("account.violated", "account.removed", True),
        ("account.violated", "account.updated", False),
        ("account.resolved", "key.degraded", False),
        ("key.degraded broken", "key.recovered at_risk", True),
        ("key.degraded at_risk", "key.recovered at_risk", False),
        ("key.degraded broken", "key.recovered unknown", False),
        ("key.degraded broken", "key.degraded broken", False),
        ("key.recovered at_risk", "key.degraded at_risk", True),
        ("key.degraded", "account.violated", True),
        ("key.degraded", "account.unverifiable", False),
        ("key.recovered", "account.unverifiable", True),
        ("key.degraded", "account.removed", True),
        ("exception.started", "exception.expiring", False),
        ("exception.expiring", "exception.started", True),
        ("exception.expiring", "exception.ended", True),
        ("account.overdue", "account.resolved", True),
        ("account.overdue", "key.recovered healthy", True),
        ("account.overdue", "account.unverifiable", False),
        ("coverage.lost", "coverage.regained", True),
        ("scan.failed", "scan.recovered", True),
        ("scan.failed", "scan.abandoned", False),
        ("scan.recovered", "scan.failed", True),
        ("scan.failed", "scan.baseline", False),
    ],
)
def test_a_change_is_overtaken_by_what_makes_it_untrue(
    earlier: str, later: str, *, is_overtaken: bool
) -> None:
    """A true change must not be marked because of a tag or one more store."""
    older, newer = _change(earlier, 1), _change(later, 2)

    assert _is_overtaken(older, newer) is is_overtaken
    assert not _is_overtaken(newer, older)


@pytest.mark.parametrize("kind", ["account.resolved", "key.recovered broken", "account.overdue"])
def test_what_is_overdue_stays_so_as_long_as_there_is_a_date(kind: str) -> None:
    """A violation may end with a key that is broken, and a key with one of its reasons."""
    later = _change(kind, 2)
    dated = replace(later, data={**later.data, "after": {"dueAt": "2026-11-25T12:00:00Z"}})

    assert not _is_overtaken(_change("account.overdue", 1), dated)


def test_the_latest_is_named_in_whatever_order_changes_are_seen() -> None:
    """A reader of the late line learns what is true now."""
    older, between, newest = (
        _change(f"account.{kind}", number)
        for number, kind in enumerate(("violated", "resolved", "unverifiable"), 1)
    )
    latest = LatestChanges()
    latest.add([newest, older, between])

    assert latest.mark(older).data["overtakenBy"] == {
        "id": "c3",
        "type": "cmkcheck.account.unverifiable",
        "time": "2026-11-25T12:00:30Z",
        "sequence": 3,
    }


def test_what_holds_since_is_named_although_it_alone_overtakes_nothing() -> None:
    """The last word on a key that is broken again must not be that it works."""
    kinds = ("key.degraded broken", "key.recovered healthy", "key.degraded broken")
    late, *later = (_change(kind, number) for number, kind in enumerate(kinds, 1))
    latest = LatestChanges()
    latest.add(later)

    assert latest.mark(late).data["overtakenBy"]["id"] == "c3"  # type: ignore[index]


def test_neither_another_subject_nor_the_same_reading_overtakes() -> None:
    """Changes of one reading belong together."""
    change = _change("exception.ended", 1)

    assert not _is_overtaken(change, _change("exception.ended", 2, "/b"))
    assert not _is_overtaken(change, _change("account.removed", 2, scan=1))
    assert _is_overtaken(change, _change("account.removed", 2))
