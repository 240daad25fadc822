"""Words that rows hold: listed by schema, and read by versions that do not know them."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import (
    CoverageState,
    GapReason,
    KeyReason,
    KeySeverity,
    KeyState,
    PostureReason,
    PostureVerdict,
    Reason,
    ScanState,
    Trigger,
    Verdict,
)
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth
from cmk_check.core.model import Change, Coverage, Finding
from cmk_check.core.status import KnownGap, LastScan, Status, Summary
from cmk_check.core.watch_state import Watch
from cmk_check.store import codec
from cmk_check.store.codec import SCHEMA, Values
from cmk_check.store.scan_rows import SCAN, STATUS, Lease, Scan, Slice, document, value_of
from tests.unit.store.rows_kit import NOON, SUBSCRIPTION, entity, finding

LISTED: Final = json.loads(Path(__file__).with_name("stored_words.json").read_text())
ROWS: Final = (Finding, Coverage, Change, Lease, Scan, Slice, Status, Watch)


def words_in(kind: Any, seen: set[Any]) -> Iterator[type[StrEnum]]:  # noqa: ANN401 - a type
    """Yield the lists of words in what a row holds, however deep."""
    if kind in seen:
        return
    seen.add(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        yield kind
    elif is_dataclass(kind):
        hints = get_type_hints(kind)
        for each in fields(kind):
            yield from words_in(hints[each.name], seen)
    else:
        for part in (*get_args(kind), *get_args(getattr(kind, "__value__", None))):
            yield from words_in(part, seen)


STORED: Final = {each.__name__: each for row in ROWS for each in words_in(row, set())}


def test_the_list_names_all_that_rows_hold() -> None:
    """A new column with words of its own is one that versions before it do not know."""
    assert STORED.keys() == LISTED[str(SCHEMA)].keys()


@pytest.mark.parametrize("name", STORED)
def test_a_word_is_in_the_list_of_its_schema(name: str) -> None:
    """An app that is rolled back meets it in its rows.

    A new word belongs into the list, if the fields that hold it have a stand-in (codec.py,
    scan_rows.py): then versions before it read the account again. One that they must not read
    raises SCHEMA, and the list gets all words of that number; so does one of CrossCheckState,
    Disposition or ScanState, without which no scan can go on.
    """
    listed = set(LISTED[str(SCHEMA)][name])

    assert set(STORED[name]) == listed, "rows hold each listed word: it must be read"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({"reason": "because"}, (Verdict.NON_COMPLIANT, Reason.ROW_TOO_NEW)),
        ({"verdict": "compliant", "reason": "because"}, (Verdict.UNKNOWN, Reason.ROW_TOO_NEW)),
        ({"verdict": "unknown", "reason": "because"}, (Verdict.UNKNOWN, Reason.MALFORMED)),
        ({"verdict": "konform"}, (Verdict.UNKNOWN, Reason.MALFORMED)),
    ],
)
def test_p1_a_finding_in_unknown_words_is_never_compliant(
    stored: Values, shown: tuple[Verdict, Reason]
) -> None:
    """A violation stays one; the row is of use all the same, and says what ends this."""
    found = codec.decode_finding(entity(codec.encode_finding(finding()) | stored))

    assert (found.judgement.verdict, found.judgement.reason) == shown
    assert "The next scan reads the account again." in found.judgement.message
    assert found.first_seen == finding().first_seen


def test_a_key_and_a_history_in_unknown_words_are_unknown() -> None:
    """They cost themselves, and the next scan reads the key again."""
    concern = KeyConcern(KeyReason.KEY_DISABLED, KeySeverity.BROKEN, "Off.")
    values = codec.encode_finding(
        replace(finding(), key_health=KeyHealth(KeyState.BROKEN, (concern,)))
    )
    for column in ("keyDetail", "history"):
        text = str(values[column])
        for word in ("broken", "key_disabled", "key_not_named"):
            text = text.replace(f'"{word}"', f'"new_{word}"')
        values[column] = text.replace('"rotation":null', '"rotation":"by_hand"')

    found = codec.decode_finding(entity(values | {"previousVerdict": "accepted"}))

    read = replace(concern, code=KeyReason.CANNOT_READ, severity=KeySeverity.UNKNOWN)
    assert found.key_health == KeyHealth(KeyState.UNKNOWN, (read,))
    assert [each.reason for each in found.history] == [Reason.ROW_TOO_NEW]
    assert found.previous_verdict is Verdict.UNKNOWN


def test_a_gap_for_an_unknown_reason_stays_a_gap() -> None:
    """It is told once, and not again because a version cannot say why."""
    gap = Gap(GapReason.TIMEOUT, detail="30 s")
    coverage = Coverage(Subscription(SUBSCRIPTION), CoverageState.GAP, NOON, gap)
    values = codec.encode_coverage(coverage) | {"gapReason": "because"}

    found = codec.decode_coverage(entity(values))

    assert found == replace(coverage, gap=replace(gap, reason=GapReason.SLICE_FAILED))


def test_a_scan_and_a_status_in_unknown_words_are_read_and_say_nothing_better() -> None:
    """Otherwise nobody could finish the scan, and the status would say that there was none."""
    gap = KnownGap(SUBSCRIPTION, None, Gap(GapReason.TIMEOUT), NOON)
    scan = Scan(*("20261125T120000Z-1", 1, Trigger.REQUEST, NOON), posture=PostureVerdict.COMPLIANT)
    last = LastScan(scan.id, ScanState.COMPLETE, Trigger.REQUEST, NOON, NOON)
    status = Status(NOON, Summary(gaps=(gap,)), 1, last, PostureReason.SCOPE_CHANGED)
    renamed = ("request", '"compliant"', "timeout", "scope_changed")

    def unheard_of(values: dict[str, Any]) -> Values:
        for word in (each.strip('"') for each in renamed):
            values["document0"] = values["document0"].replace(f'"{word}"', f'"new_{word}"')
        return values

    (found, left) = (
        value_of(SCAN, entity(unheard_of(document(SCAN, scan)))).value,
        value_of(STATUS, entity(unheard_of(document(STATUS, status)))).value,
    )

    assert (found.trigger, found.posture) == (Trigger.TIMER, PostureVerdict.UNKNOWN)
    assert left == replace(
        status,
        summary=Summary(gaps=(replace(gap, gap=Gap(GapReason.SLICE_FAILED)),)),
        last_scan=replace(last, trigger=Trigger.TIMER),
        lowered=PostureReason.RUNNING_SCAN_FOUND_WORSE,
    )
