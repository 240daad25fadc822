"""Rows: what is written is read back as it was, and a row that is broken says how to heal it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmk_check.core.account import Evidence, Judgement, Subscription
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import (
    ChangeType,
    CoverageState,
    ExceptionReason,
    GapReason,
    KeyReason,
    KeyRotation,
    KeySeverity,
    KeyState,
    Reason,
    Verdict,
)
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.gap import Gap
from cmk_check.core.keys.key_health import KeyConcern, KeyHealth
from cmk_check.core.model import Change, Coverage, Finding, Transition
from cmk_check.core.owner import UNOWNED, Owner
from cmk_check.limits import MAX_SEQUENCE, MAX_TRANSACTION_BYTES
from cmk_check.ports import EarlierBuild, Entity, Insert, Scalar, StoreError
from cmk_check.store import codec, row_times, table_checks, table_keys
from tests.unit.store.rows_kit import NOON, SUBSCRIPTION, account_id, entity, finding

_TEXT: Final = st.text(max_size=12)
_MAYBE: Final = st.none() | _TEXT
_TIMES: Final = st.integers(0, 10**9).map(lambda second: NOON + timedelta(milliseconds=second))
# Some say so of a key that never expires.
_LAST_TIME: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_NAMES: Final = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"))


_IDS: Final = st.builds(
    account_id, _NAMES.filter(lambda name: 0 < len(name) < 40), st.text("aB-_é", min_size=1)
)
_KEY_HEALTH: Final = st.builds(
    KeyHealth,
    st.sampled_from(KeyState),
    st.lists(
        st.builds(
            KeyConcern,
            st.sampled_from(KeyReason),
            st.sampled_from(KeySeverity),
            _TEXT,
            st.dictionaries(_TEXT, _TEXT, max_size=2),
            _MAYBE,
        ),
        max_size=3,
    ).map(tuple),
    st.none() | st.sampled_from(KeyRotation),
    st.none() | _TIMES | st.just(_LAST_TIME),
    *[_MAYBE] * 4,
)
_FINDINGS: Final = st.builds(
    Finding,
    id=_IDS,
    kind=_MAYBE,
    location=_MAYBE,
    tags=st.dictionaries(_TEXT, _TEXT, max_size=3),
    judgement=st.builds(
        Judgement,
        st.sampled_from(Verdict),
        st.sampled_from(Reason),
        _TEXT,
        st.builds(Evidence, *[_MAYBE] * 7, st.none() | _TIMES.map(lambda time: f"{time:%FT%TZ}")),
    ),
    rule_version=_TEXT,
    first_seen=_TIMES,
    changed_at=_TIMES,
    violated_since=st.none() | _TIMES,
    previous_verdict=st.none() | st.sampled_from(Verdict),
    changes=st.integers(1, 10**6),
    history=st.lists(
        st.builds(Transition, _TIMES, st.sampled_from(Verdict), st.sampled_from(Reason), _TEXT),
        max_size=4,
    ).map(tuple),
    key_health=st.none() | _KEY_HEALTH,
    vault_id=st.text(min_size=1, max_size=12),
    owner=st.just(UNOWNED) | st.builds(Owner, _TEXT, st.sampled_from(["account", "subscription"])),
    exception=st.none()
    | st.sampled_from([ExceptionReason.HONOURED, ExceptionReason.EXPIRED]).map(
        lambda reason: AccountException(reason, expires_on=NOON)
    ),
)
_COUNTS: Final = st.builds(
    lambda found, ignored, unread: Known(findings=found).count(found, ignored, unread),
    st.dictionaries(_TEXT, _FINDINGS, max_size=2),
    st.dictionaries(_TEXT, st.integers(0, 99), max_size=2),
    st.integers(0, 99),
)
_COVERAGE: Final = st.builds(
    Coverage,
    st.builds(Subscription, st.just(SUBSCRIPTION), _MAYBE, _MAYBE, _MAYBE, expected=st.booleans()),
    st.sampled_from(CoverageState),
    _TIMES,
    st.none() | st.builds(Gap, st.sampled_from(GapReason), _MAYBE, _MAYBE),
    st.none() | _TIMES,
    _COUNTS,
    st.integers(0, 10**6),
    _MAYBE,
)
_DATA: Final = st.dictionaries(
    _TEXT, st.none() | st.booleans() | st.integers(0, 99) | _TEXT | st.lists(_TEXT, max_size=2)
)
_CHANGES: Final = st.builds(
    Change, _TEXT, st.sampled_from(ChangeType), _TIMES, _TEXT, _TEXT, _DATA, st.integers(0, 10**6)
)


@settings(max_examples=60)
@given(_FINDINGS)
def test_a_finding_is_read_back_as_it_was(original: Finding) -> None:
    """Whatever were lost on the way would be told as a change at the next scan (P4)."""
    read = codec.decode_finding(entity(codec.encode_finding(original)))

    assert read == original
    assert (read.id.resource_group, read.id.name) == (original.id.resource_group, original.id.name)


@settings(max_examples=60)
@given(_COVERAGE)
def test_a_coverage_row_is_read_back_as_it_was(original: Coverage) -> None:
    """It is compared as a whole to tell whether anything changed (P4)."""
    assert codec.decode_coverage(entity(codec.encode_coverage(original))) == original


@settings(max_examples=60)
@given(_CHANGES)
def test_a_change_is_read_back_as_it_was(original: Change) -> None:
    """It is told from its row, under the id it was recorded with (P3)."""
    assert codec.decode_change(entity(codec.encode_change(original))) == original


def test_a_person_can_read_the_row() -> None:
    """Whoever opens the table in the portal sees what stands there."""
    values = codec.encode_finding(finding())
    concerns = [
        KeyConcern(code, KeySeverity.BROKEN, "Away.")
        for code in (KeyReason.KEY_DISABLED, KeyReason.KEY_EXPIRED)
    ]
    health = KeyHealth(KeyState.BROKEN, tuple(concerns))
    with_key = codec.encode_finding(replace(finding(), key_health=health))

    assert (with_key["keyHealth"], with_key["keyReasons"]) == ("broken", "key_disabled,key_expired")
    assert values["schema"] == codec.SCHEMA
    assert values["verdict"] == "non_compliant"
    assert values["changedAt"] == "2026-11-25T12:00:00+00:00"
    assert values["accountId"] == str(account_id("rg", "chat"))
    assert "keyName" not in values
    assert "keyHealth" not in values


def test_a_row_from_before_the_next_rotation_was_recorded_says_nothing_of_it() -> None:
    """It is no broken row: the next scan fills it in."""
    health = KeyHealth(KeyState.HEALTHY, next_rotation_at=NOON)
    found = replace(finding(), key_health=health)
    values = codec.encode_finding(found)
    assert codec.decode_finding(entity(values)) == found
    written = json.loads(str(values["keyDetail"]))

    values["keyDetail"] = json.dumps(written | {"next_rotation_at": "2026-11-25T12:00:00"})
    with pytest.raises(codec.RowUnusable, match="keyDetail"):
        codec.decode_finding(entity(values))
    del written["next_rotation_at"]
    values["keyDetail"] = json.dumps(written)

    assert codec.decode_finding(entity(values)) == replace(
        found, key_health=replace(health, next_rotation_at=None)
    )


@pytest.mark.parametrize(
    "columns",
    [
        {},
        *({"createdAt": value} for value in ("", "yesterday", 7, "0001-01-01T00:00:00Z")),
        *({"owner": "ai"}, {"ownerSource": "account"}, {"owner": 7, "ownerSource": "account"}),
    ],
)
def test_a_row_without_a_usable_date_of_creation_or_owner_is_read_without_it(
    columns: dict[str, Scalar],
) -> None:
    """No row is lost for it, and the next scan writes it."""
    values = codec.encode_finding(finding())

    assert "owner" not in values
    assert codec.decode_finding(entity({**values, **columns})) == finding()


def test_the_heaviest_finding_fits_into_a_row() -> None:
    """A row that the table refuses would stop its whole subscription (P7)."""
    long = "\U0001f600" * 256
    heavy = Finding(
        account_id("é" * 90, "x" * 64),
        long[:32],
        long[:32],
        {f"tag{number}": long[:64] for number in range(20)},
        Judgement(Verdict.UNKNOWN, Reason.MALFORMED, "m" * 400, Evidence(*[long] * 8)),
        "1",
        NOON,
        NOON,
        history=(Transition(NOON, Verdict.UNKNOWN, Reason.UNRECOGNISED_KEY_SOURCE, "s" * 30),) * 20,
        key_health=KeyHealth(
            KeyState.BROKEN,
            tuple(
                KeyConcern(code, KeySeverity.UNKNOWN, "m" * 400, {"a": long[:128], "b": "b" * 128})
                for code in KeyReason
            ),
            None,
            NOON,
            *[long[:128]] * 4,
        ),
    )
    row = table_keys.finding_row(heavy.id.resource_group, heavy.id.name)

    write = Insert(row, codec.encode_finding(heavy))

    table_checks.check([write], SUBSCRIPTION)

    assert table_checks.estimate_size(write) < MAX_TRANSACTION_BYTES / 10


@pytest.mark.parametrize("schema", [3, 0, -1])
def test_p1_a_row_of_an_earlier_build_is_refused_before_anything_of_it_is_read(schema: int) -> None:
    """Its words may mean something else today, whatever they look like."""
    values = codec.encode_finding(finding()) | {"schema": schema}

    with pytest.raises(EarlierBuild, match="Delete the tables cmkfindings, cmkchanges and cmkscan"):
        Entity("p", "r", "e", values)


def _at(time: str) -> str:
    """Return a history with one transition."""
    return (
        f'[{{"at":"{time}","verdict":"compliant","reason":"customer_managed_key","scan_id":"s"}}]'
    )


_BROKEN: Final[dict[str, tuple[str, Scalar | None]]] = {
    "no schema": ("schema", None),
    "text for a schema": ("schema", "4"),
    "missing name": ("name", None),
    "number for a text": ("accountId", 7),
    "text for a number": ("changes", "2"),
    "no time": ("firstSeen", "yesterday"),
    "no optional time": ("violatedSince", ""),
    "no JSON": ("history", "{"),
    "other JSON": ("tags", "[1]"),
    "no key health": ("keyDetail", '{"rotation":"pinned"}'),
    "time without a zone": ("changedAt", "2026-11-25T12:00:00"),
    "time before the first": ("firstSeen", "0001-01-01T00:00:00+14:00"),
    "time after the last": ("violatedSince", "9999-12-31T23:59:59-14:00"),
    "the time that stands for none": ("firstSeen", "1970-01-01T00:00:00+00:00"),
    "history without a zone": ("history", _at("2026-11-25T12:00:00")),
    "history before the first time": ("history", _at("0001-01-01T00:00:00+14:00")),
    "key that expires after the last time": (
        "keyDetail",
        '{"state":"healthy","expires":"9999-12-31T23:59:59-14:00"}',
    ),
}


@pytest.mark.parametrize(("name", "value"), _BROKEN.values(), ids=_BROKEN)
def test_a_broken_row_says_which_and_how_to_heal_it(name: str, value: Scalar | None) -> None:
    """Somebody edited the table by hand; that costs one row, and says which (P7, P11)."""
    values = codec.encode_finding(finding())
    values.pop(name, None)
    if value is not None:
        values[name] = value

    with pytest.raises(StoreError, match=f"chat: {name} is .*; delete the row to repair it"):
        codec.decode_finding(entity(values, row="finding|rg|chat"))


def test_a_time_must_leave_room_for_what_is_added_to_it() -> None:
    """A year is: for ages and retention."""
    last = datetime(9999, 1, 1, tzinfo=UTC)

    assert row_times.is_usable_time(last - timedelta(seconds=1))
    assert not row_times.is_usable_time(last)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, time)
            for name in ("since", "lastRead")
            for time in ("0001-01-01T00:00:00+14:00", "2026-11-25T12:00:00", "soon")
        ),
        ("coverage", "unheard of"),
        ("subscriptionId", "unheard of"),
        ("sequence", MAX_SEQUENCE + 1),  # it could name no row of the outbox
    ],
)
def test_a_broken_coverage_row_is_rebuilt(name: str, value: Scalar) -> None:
    """No list may fail because of it, and nobody has to do anything."""
    coverage = Coverage(Subscription(SUBSCRIPTION), CoverageState.READ, NOON, sequence=MAX_SEQUENCE)
    values = codec.encode_coverage(coverage)
    assert codec.decode_coverage(entity(values)) == coverage

    with pytest.raises(StoreError, match=f"{name} .*the next scan rebuilds the row"):
        codec.decode_coverage(entity(values | {name: value}))
