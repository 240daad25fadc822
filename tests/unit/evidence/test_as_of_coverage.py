"""The coverage at an earlier time: from the gaps that are told, and the counts of the scans."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any, Final

import pytest

from cmk_check.evidence.as_of import SubscriptionThen
from tests.fakes.world import BEGINNING, bad, sub
from tests.unit.evidence.estate_kit import WHERE, Listed, scanned

PLACE: Final = f"/subscriptions/{WHERE}"
ASKED: Final = 5
"""The hour as of which the coverage is asked for."""
NOT_THERE: Final = "not recorded yet"
NOT_KNOWN: Final = "not known"


@dataclass(frozen=True)
class Case:
    """What the app holds of a subscription; times are hours.

    ``told`` are the changes of its coverage (time, before, after), ``account`` is when one came and
    went, ``forgotten`` the number of changes that were deleted for their age. ``scans`` are (time,
    scope, number of subscriptions excluded; None: no counts); ``others`` are excluded from the
    beginning on.
    """

    then: str
    now: str
    since: int = 7
    told: tuple[tuple[int, str | None, str], ...] = ()
    account: tuple[int, ...] = ()
    forgotten: int = 0
    scans: tuple[tuple[int, str, int | None], ...] = ()
    others: int = 0


ENDED_GAP: Final = ((3, "gap", "read"),)
CASES: Final = {
    "as it is now": Case("read", now="read", since=3),
    "a gap that has ended": Case("gap", "read", told=((3, "read", "gap"), (7, "gap", "read"))),
    "read before a gap": Case(
        "read", "gap", told=((7, "read", "gap"),), forgotten=2, scans=((4, "full", 0),)
    ),
    "excluded before a gap": Case(NOT_KNOWN, "gap", told=((7, "excluded", "gap"),), forgotten=2),
    "a gap from the first": Case(NOT_THERE, "gap", told=((7, None, "gap"),)),
    "new": Case(NOT_THERE, "read", scans=((4, "full", 0), (3, "full", 1))),
    "new or excluded, as a scan before": Case(
        NOT_KNOWN, "read", scans=((4, "partial", 0), (3, "full", 1))
    ),
    "new or excluded, as a scan has not counted": Case(
        NOT_KNOWN, "read", scans=((6, "full", None),)
    ),
    "new or excluded, until it had an account": Case(
        NOT_KNOWN, "read", account=(6, 7), scans=((4, "full", 1),)
    ),
    "excluded now, and nothing is told": Case(NOT_KNOWN, "excluded"),
    "excluded now, and what was told is deleted": Case(NOT_KNOWN, "excluded", forgotten=3),
    "read after a gap, then excluded": Case("read", "excluded", told=ENDED_GAP),
    "the same, and a scan excluded it later": Case(
        "read", "excluded", told=ENDED_GAP, scans=((7, "full", 1), (2, "full", 1))
    ),
    "the same, and a scan may have excluded it before": Case(
        NOT_KNOWN, "excluded", told=ENDED_GAP, scans=((6, "full", 1),)
    ),
    "the same, and a partial scan did": Case(
        NOT_KNOWN, "excluded", told=ENDED_GAP, scans=((6, "partial", 1),)
    ),
    "the same, and scans say nothing of it": Case(
        "read",
        "excluded",
        told=ENDED_GAP,
        scans=((6, "failed", None), (6, "partial", 0), (4, "full", 2)),
        others=2,
    ),
    "the same, and a scan counted fewer than were": Case(
        NOT_KNOWN, "excluded", told=ENDED_GAP, scans=((6, "full", 1),), others=2
    ),
    "read after a gap, and again later": Case(NOT_KNOWN, "read", told=ENDED_GAP),
}


def _changes(case: Case, of_scan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {**of_scan, "time": _time(-48)}  # so that older ones may have been deleted
    number = count(case.forgotten + 1)
    side = {"verdict": "compliant", "reason": "customer_managed_key"}
    came_and_went = zip(case.account, ((None, side), (side, None)), strict=False)
    for hour, (before, after) in came_and_went:
        data = {"kind": "OpenAI", "before": before, "after": after, "sequence": next(number)}
        yield of_scan | {"source": PLACE, "subject": "a", "time": _time(hour), "data": data}
    for hour, had, has in case.told:
        sides = {"before": had and {"coverage": had}, "after": {"coverage": has}}
        data = {**sides, "sequence": next(number)}
        yield of_scan | {"source": PLACE, "subject": PLACE, "time": _time(hour), "data": data}


def _time(hour: int) -> Any:  # noqa: ANN401 - a value of JSON
    return BEGINNING + timedelta(hours=hour)


async def _held(case: Case) -> Listed:
    template, _ = await scanned(bad(WHERE))
    (row,), (scan,), of_scan = template.subscriptions, template.scans, template.changes[-1]
    last = case.forgotten + len(case.told) + len(case.account)
    scans = []
    for hour, scope, excluded in case.scans:
        kind = {"state": "failed"} if scope == "failed" else {"scope": scope}
        counts = excluded is not None and {**scan["subscriptions"], "excluded": excluded}
        times = {"startedAt": _time(hour), "finishedAt": _time(hour)}
        scans.append({**scan, **kind, **times, "subscriptions": counts or None})
    rows = [{**row, "coverage": case.now, "since": _time(case.since), "sequence": last}]
    for number in range(case.others):
        excluded_row = {"subscriptionId": sub(20 + number), "coverage": "excluded", "sequence": 0}
        rows.append({**row, **excluded_row, "since": _time(0)})
    return replace(
        template, findings=[], subscriptions=rows, changes=[*_changes(case, of_scan)], scans=scans
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_p1_what_may_not_have_been_read_is_not_said_to_have_been(case: Case) -> None:
    """That a subscription is excluded or new is not told; only counts show whether it may be."""
    held = await _held(case)

    then = {each.id: each for each in held.history.rebuild_at(_time(ASKED)).subscriptions}

    found = then.get(WHERE)
    assert _said(found) == case.then


def _said(then: SubscriptionThen | None) -> str:
    if then is None:
        return NOT_THERE
    assert bool(then.not_known) == (then.coverage is None)
    return then.coverage or NOT_KNOWN
