"""Mark changes that a later change of the same subject has overtaken, that is, made obsolete.

A receiver that was unavailable gets a change late, perhaps after newer changes. Changes from one
reading never overtake each other, because together they report the reading's result.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cmk_check.core.aspects import ASPECTS
from cmk_check.core.aspects.due_dates import DUE
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.enums import ChangeType, KeyState
from cmk_check.core.model import Change
from cmk_check.core.text import as_object, write_time

_SCANS: Final = "scan"
# A new verdict also ends an announced key problem; a removed account has no state at all.
_VERDICT: Final = frozenset({"account", KEY_HEALTH.name})
_ASPECTS: Final = {kind: aspect.name for aspect in ASPECTS for kind in aspect.changes}
_ANSWERS: Final = {
    ChangeType.ACCOUNT_DISCOVERED: _VERDICT,
    ChangeType.ACCOUNT_VIOLATED: _VERDICT,
    ChangeType.ACCOUNT_UNVERIFIABLE: _VERDICT,
    ChangeType.ACCOUNT_RESOLVED: _VERDICT | {DUE.name},
    ChangeType.KEY_RECOVERED: frozenset({KEY_HEALTH.name, DUE.name}),
    ChangeType.ACCOUNT_REMOVED: _VERDICT.union(_ASPECTS.values()),
    # These changes add to a verdict or scan result that remains true.
    ChangeType.ACCOUNT_UPDATED: frozenset[str](),
    ChangeType.ACCOUNT_KIND_CHANGED: frozenset[str](),
    ChangeType.SCAN_BASELINE: frozenset[str](),
}
# The earlier change remains true after these later changes, which report only additions,
# repetitions, or facts that can no longer be read.
_HOLDS_BESIDE: Final = {
    ChangeType.KEY_DEGRADED: {ChangeType.KEY_DEGRADED, ChangeType.ACCOUNT_UNVERIFIABLE},
    ChangeType.EXCEPTION_STARTED: {ChangeType.EXCEPTION_EXPIRING},
    ChangeType.EXCEPTION_EXPIRING: {ChangeType.EXCEPTION_EXPIRING},
    ChangeType.SCAN_FAILED: {ChangeType.SCAN_FAILED, ChangeType.SCAN_ABANDONED},
    ChangeType.SCAN_ABANDONED: {ChangeType.SCAN_FAILED, ChangeType.SCAN_ABANDONED},
    ChangeType.SCAN_BASELINE: {
        ChangeType.SCAN_FAILED,
        ChangeType.SCAN_ABANDONED,
        ChangeType.SCAN_RECOVERED,
    },
}


class LatestChanges:
    """For each question about a subject, the latest changes that answer the question, by type."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str, str], dict[ChangeType, Change]] = {}

    def add(self, changes: Iterable[Change]) -> None:
        """Add changes that may overtake other changes, in any order."""
        for change in changes:
            question = _question(change)
            for answered in _ANSWERS.get(change.type, {question}):
                answers = self._latest.setdefault(_get_subject(change, answered), {})
                if change.type not in answers or answers[change.type].sequence < change.sequence:
                    # The rest of the data may be large.
                    needed = {name: change.data.get(name) for name in ("scanId", "after")}
                    answers[change.type] = replace(change, data=needed)

    def mark(self, change: Change) -> Change:
        """Return a change, with ``data.overtakenBy`` if a later change has overtaken it.

        ``overtakenBy`` is the latest change that answers the same question, even if an earlier
        change already overtook the ``change``.
        """
        answers = self._latest.get(_get_subject(change, _question(change)), {})
        newer = [each for each in answers.values() if each.sequence > change.sequence]
        later = [each for each in newer if _reading(each) != _reading(change)]
        if not any(_overtakes(latest, change) for latest in later):
            return change
        latest = max(later, key=lambda latest: latest.sequence)
        by = {
            "id": latest.id,
            "type": latest.type.value,
            "time": write_time(latest.time),
            "sequence": latest.sequence,
        }
        return replace(change, data={**change.data, "overtakenBy": by})


def _overtakes(later: Change, change: Change) -> bool:
    due_at = as_object(later.data.get("after")).get("dueAt")
    if change.type is ChangeType.ACCOUNT_OVERDUE and due_at:
        return False  # same problem with the same due date
    if later.type is ChangeType.KEY_RECOVERED and change.type is ChangeType.KEY_DEGRADED:
        # A key whose health improved may still have a reason that the earlier change names.
        health = _key_health(later)
        is_at_risk = health == KeyState.AT_RISK
        return health == KeyState.HEALTHY or (is_at_risk and _key_health(change) != health)
    return later.type not in _HOLDS_BESIDE.get(change.type, ())


def _key_health(change: Change) -> object:
    return as_object(change.data.get("after")).get(KEY_HEALTH.name)


def _question(change: Change) -> str:
    return _ASPECTS.get(change.type) or change.type.value.split(".")[1]


def _get_subject(change: Change, question: str) -> tuple[str, str, str]:
    """Return the subject of a change, and the question; all scans together are one subject."""
    return ("", "", question) if question == _SCANS else (change.source, change.subject, question)


def _reading(change: Change) -> tuple[object, object]:
    return change.data.get("scanId"), change.time
