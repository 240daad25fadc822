"""The comparison itself: whatever the program could do wrong is noticed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.functional.estate_kit import sub_id
from tests.functional.killed.estates import BAD, GOOD, transitions
from tests.functional.killed.truth import Seen, Truth, says_compliant_wrongly
from tests.functional.storage_kit import Told

_SUBSCRIPTION = f"/subscriptions/{sub_id(1)}"
_ACCOUNT = (
    f"{_SUBSCRIPTION}/resourcegroups/rg-test/providers/microsoft.cognitiveservices/accounts/chat"
)
_BEFORE, _AFTER = {1: {"chat": GOOD}}, {1: {"chat": BAD}}
_TRUTH = Truth(transitions(_BEFORE, _AFTER), _AFTER, _BEFORE)
_TOLD = Told(1, "an-id", "cmkcheck.account.violated", _ACCOUNT, {"baseline": False})


def _finding(verdict: str, key: str = "healthy") -> dict[str, Any]:
    return {
        "PartitionKey": sub_id(1),
        "RowKey": "finding|rg-test|chat",
        "name": "chat",
        "verdict": verdict,
        "keyHealth": key,
    }


def _feed_row(sequence: int) -> dict[str, Any]:
    return {
        "PartitionKey": "feed",
        "RowKey": f"{sequence:020d}",
        "source": _SUBSCRIPTION,
        "sequence": sequence,
    }


_SEEN = Seen(
    tables={
        "cmkfindings": [_finding("non_compliant")],
        "cmkchanges": [_feed_row(1)],
        "cmkscans": [],
    },
    feed=[_TOLD],
    status={"posture": "non_compliant"},
    logged=frozenset({"an-id"}),
    queued=frozenset({"an-id"}),
    posted=frozenset({"an-id"}),
)


def _with(table: str, *rows: dict[str, Any]) -> Seen:
    return replace(_SEEN, tables={**_SEEN.tables, table: list(rows)})


_LEFT = {"PartitionKey": sub_id(1), "RowKey": "coverage", "recording": "somebody"}
_WRONG = {
    "lost": (replace(_SEEN, feed=[]), "lost: "),
    "twice under two ids": (
        replace(_SEEN, feed=[_TOLD, replace(_TOLD, number=2, id="another")]),
        "told too often",
    ),
    "twice under one id": (
        replace(_SEEN, feed=[_TOLD, replace(_TOLD, number=2)]),
        "more than once",
    ),
    "a number left out": (replace(_SEEN, feed=[replace(_TOLD, number=2)]), "have gaps"),
    "sequence left out": (_with("cmkchanges", _feed_row(2)), "not in order of sequence"),
    "not posted": (replace(_SEEN, posted=frozenset()), "webhook: not told"),
    "another id": (replace(_SEEN, posted=frozenset({"an-id", "other"})), "under an id"),
    "verdict": (_with("cmkfindings", _finding("compliant")), "verdicts: "),
    "posture": (replace(_SEEN, status={"posture": "compliant"}), "posture: "),
    "mark": (_with("cmkfindings", _finding("non_compliant"), _LEFT), "left in cmkfindings"),
}


@pytest.mark.parametrize(("seen", "said"), _WRONG.values(), ids=_WRONG)
def test_what_went_wrong_is_said_and_nothing_of_what_went_well(seen: Seen, said: str) -> None:
    """A harness that overlooks a lost change proves nothing; one that complains is switched off."""
    assert list(_TRUTH.faults(_SEEN, None)) == []
    assert any(said in fault for fault in _TRUTH.faults(seen, None))


def _status(violated: int = 0, accepted: int = 0, **fields: object) -> dict[str, Any]:
    kinds = {"OpenAI": {"compliant": 1, "non_compliant": violated, "unknown": 0}}
    excepted = [["2030-01-01T00:00:00Z", accepted]] if accepted else []
    document = {
        "as_of": "2026-11-25T00:00:00Z",
        "lowered": None,
        "lowered_for": [],
        "summary": {
            "accounts": {"by_kind": kinds, "by_key_health": {"healthy": 1}, "excepted": excepted},
            "subscriptions": {"gap": 0},
        },
        **fields,
    }
    return {"PartitionKey": "scan", "RowKey": "status", "document0": json.dumps(document)}


_BAD, _GOOD = _finding("non_compliant"), _finding("compliant")
_ACCEPTED, _REFUSED = (_BAD | {"exception": how} for how in ("honoured", "not_honoured"))


@pytest.mark.parametrize(
    ("status", "finding", "wrong"),
    [
        (_status(), _BAD, True),
        (_status(lowered="running_scan_found_worse"), _BAD, False),
        (_status(), _GOOD, False),
        (_status(), _finding("compliant", "broken"), True),
        (_status(), _finding("compliant", "unknown"), True),
        (_status(), _finding("compliant", "at_risk"), False),
        (_status(1, 1), _ACCEPTED, False),
        (_status(1, 1), _REFUSED, True),
        (_status(0, 0), _ACCEPTED, True),
        (_status(2, 1), _REFUSED, False),
    ],
)
def test_a_false_green_is_seen_in_the_tables(
    status: dict[str, Any], finding: dict[str, Any], *, wrong: bool
) -> None:
    """Between the death and the next scan people look at the status too, under any setting."""
    tables = {"cmkscans": [status], "cmkfindings": [finding]}

    assert says_compliant_wrongly(tables) is wrong
