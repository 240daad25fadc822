"""The comparison itself: whatever the program could do wrong is noticed."""

import json
from collections.abc import Callable
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


def test_nothing_is_said_of_a_scan_that_went_well() -> None:
    """A comparison that always complains would be switched off."""
    faults = list(_TRUTH.faults(_SEEN, None))

    assert faults == []


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        pytest.param(replace(_SEEN, feed=[]), "lost: ", id="lost"),
        pytest.param(
            replace(_SEEN, feed=[_TOLD, replace(_TOLD, number=2, id="another")]),
            "told too often",
            id="twice under two ids",
        ),
        pytest.param(
            replace(_SEEN, feed=[_TOLD, replace(_TOLD, number=2)]),
            "in the feed more than once",
            id="twice under one id",
        ),
        pytest.param(
            replace(_SEEN, feed=[replace(_TOLD, number=2)]), "have gaps", id="a number left out"
        ),
        pytest.param(
            _with("cmkchanges", _feed_row(2)), "not in order of sequence", id="sequence left out"
        ),
        pytest.param(replace(_SEEN, logged=frozenset()), "log lines: not told", id="not logged"),
        pytest.param(replace(_SEEN, queued=frozenset()), "queue: not told", id="not queued"),
        pytest.param(replace(_SEEN, posted=frozenset()), "webhook: not told", id="not posted"),
        pytest.param(
            replace(_SEEN, posted=frozenset({"an-id", "other"})), "under an id", id="another id"
        ),
        pytest.param(_with("cmkfindings", _finding("compliant")), "verdicts: ", id="verdict"),
        pytest.param(replace(_SEEN, status={"posture": "compliant"}), "posture: ", id="posture"),
        pytest.param(
            _with("cmkscans", {"PartitionKey": "slice|x", "RowKey": "0"}),
            "left in cmkscans",
            id="slice row",
        ),
        pytest.param(
            _with(
                "cmkfindings",
                _finding("non_compliant"),
                {"PartitionKey": sub_id(1), "RowKey": "coverage", "recording": "somebody"},
            ),
            "left in cmkfindings",
            id="mark",
        ),
    ],
)
def test_what_went_wrong_is_said(seen: Seen, said: str) -> None:
    """A harness that overlooks a lost change proves nothing."""
    faults = list(_TRUTH.faults(seen, None))

    assert any(said in fault for fault in faults), faults


def _status(violated: int = 0, accepted: int = 0, **fields: object) -> dict[str, Any]:
    kinds = {"OpenAI": {"compliant": 1, "non_compliant": violated, "unknown": 0}}
    excepted = [["2030-01-01T00:00:00Z", accepted]] if accepted else []
    document = {
        "as_of": "2026-11-25T00:00:00Z",
        "lowered": None,
        "keys_lowered": False,
        "summary": {
            "accounts": {"by_kind": kinds, "by_key_health": {"healthy": 1}, "excepted": excepted},
            "subscriptions": {"gap": 0},
        },
        **fields,
    }
    return {"PartitionKey": "scan", "RowKey": "status", "document0": json.dumps(document)}


@pytest.mark.parametrize(
    ("status", "verdict", "wrong"),
    [
        pytest.param(_status, "non_compliant", True, id="status says compliant"),
        pytest.param(
            lambda: _status(lowered="running_scan_found_worse"),
            "non_compliant",
            False,
            id="lowered",
        ),
        pytest.param(lambda: _status(as_of=None), "non_compliant", False, id="no scan yet"),
        pytest.param(_status, "compliant", False, id="all is well"),
    ],
)
def test_a_false_green_is_seen_in_the_tables(
    status: Callable[[], dict[str, Any]], verdict: str, *, wrong: bool
) -> None:
    """Between the death and the next scan people look at the status too."""
    tables = {"cmkscans": [status()], "cmkfindings": [_finding(verdict)]}

    said = says_compliant_wrongly(tables)

    assert said is wrong


@pytest.mark.parametrize("key", ["broken", "unknown", "at_risk"])
@pytest.mark.parametrize("is_lowered", [True, False])
def test_a_false_green_of_a_key_is_seen_in_the_tables(key: str, *, is_lowered: bool) -> None:
    """A setting may make keys count at any moment."""
    status = _status(keys_lowered=is_lowered)
    tables = {"cmkscans": [status], "cmkfindings": [_finding("compliant", key)]}

    said = says_compliant_wrongly(tables)

    assert said is (key != "at_risk" and not is_lowered)


@pytest.mark.parametrize(
    ("violated", "accepted", "exception", "wrong"),
    [(1, 1, "honoured", False), (1, 1, "not_honoured", True), (0, 0, "honoured", True)],
)
@pytest.mark.parametrize("more", [0, 1])
def test_an_exception_makes_nothing_compliant(
    violated: int, accepted: int, exception: str, more: int, *, wrong: bool
) -> None:
    """A violation that is accepted has a posture of its own, and only while it is accepted."""
    finding = _finding("non_compliant") | {"exception": exception}
    tables = {"cmkscans": [_status(violated + more, accepted)], "cmkfindings": [finding]}

    said = says_compliant_wrongly(tables)

    assert said is (wrong and not more)
