"""Encryption scopes, read once a day and carried over: when, and never newer than they are."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Account
from cmk_check.core.comparison.carried_scopes import carried_scopes, is_due, last_due, scopes_as_of
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import CoverageState, KeyReason, KeySeverity
from cmk_check.core.keys.facts import EncryptionScope, KeyFacts
from cmk_check.core.keys.judge_key import judge_key
from cmk_check.core.keys.key_health import KeyConcern
from cmk_check.core.status import Status, Summary
from cmk_check.core.unread import Unread
from tests.fakes.keys import BY_STATE, DISABLED, HEALTHY, UNREAD
from tests.fakes.world import good
from tests.unit.core.examples import (
    FORBIDDEN,
    HOUR,
    ID,
    NOON,
    compared,
    health_of,
    known_of,
    recorded,
)

ACCOUNT: Final = replace(good(ID), identity_type="SystemAssigned", created_at="2026-01-01")
ACCOUNT_ID: Final = str(ACCOUNT.id)
BEFORE: Final = last_due(ACCOUNT_ID, NOON)
READ: Final = Status(NOON, Summary(unwritten=0))
_FACTS: Final = st.sampled_from([facts for facts in BY_STATE.values() if facts])
_SCOPES: Final = st.lists(
    st.builds(EncryptionScope, st.text(), st.none() | st.text() | st.just("Microsoft.KeyVault")),
    max_size=40,
).map(tuple)


def carried(known: Known, account: Account = ACCOUNT) -> bool:
    """Return whether a scan directly after the recorded one reads no scopes of the account."""
    return bool(carried_scopes(known, [account], NOON, NOON))


@given(_FACTS, _FACTS, _SCOPES)
def test_the_health_is_what_a_reading_with_the_same_answer_gives(
    before: KeyFacts, now: KeyFacts, scopes: tuple[EncryptionScope, ...]
) -> None:
    """Other problems of the key, then and now, do not matter."""
    known = known_of(ACCOUNT, keys=replace(before, scopes=scopes))
    (found,) = carried_scopes(known, [ACCOUNT], NOON, NOON).values()

    with_carried = judge_key(ACCOUNT, replace(now, scopes=found), NOON)

    assert with_carried == judge_key(ACCOUNT, replace(now, scopes=scopes), NOON)


@pytest.mark.parametrize("facts", [HEALTHY, DISABLED, UNREAD])
def test_p1_a_list_that_could_not_be_read_is_read_again_and_has_no_time(facts: KeyFacts) -> None:
    """Otherwise an unknown would last for a day after the right was granted."""
    unread = replace(facts, scopes=Unread(FORBIDDEN))

    seen, unseen = known_of(ACCOUNT, keys=facts), known_of(ACCOUNT, keys=unread)

    assert (carried(seen), carried(unseen)) == (True, False)
    assert scopes_as_of(seen.findings[ACCOUNT_ID], seen.coverage, READ) == BEFORE
    assert scopes_as_of(unseen.findings[ACCOUNT_ID], unseen.coverage, READ) is None


def test_p1_nothing_is_carried_over_where_the_row_does_not_say_what_was_unseen() -> None:
    """An edited row must not count as one whose scopes were read."""
    known = known_of(ACCOUNT, keys=UNREAD)
    finding = known.findings[ACCOUNT_ID]
    vague = KeyConcern(KeyReason.CANNOT_READ, KeySeverity.UNKNOWN, "Something was not read.")
    health = replace(health_of(known), concerns=(vague,))
    edited = replace(known, findings={ACCOUNT_ID: replace(finding, key_health=health)})

    assert not carried(edited)


@pytest.mark.parametrize(
    "changes",
    [
        {"key_name": "other"},
        {"key_version": "2"},
        {"kind": "AIServices"},
        {"location": "northeurope"},
        {"provisioning_state": "Updating"},
        {"principal_id": "5a1e0000-0000-4000-8000-0000000000ab"},
        {"created_at": "2026-01-02"},
    ],
    ids="".join,
)
def test_p1_nothing_is_carried_over_to_an_account_that_has_changed(
    changes: dict[str, str],
) -> None:
    """A changed account may have changed scopes; a recreated account has other scopes."""
    changed = replace(ACCOUNT, **changes)  # type: ignore[arg-type]
    assert not carried(known_of(ACCOUNT, keys=HEALTHY), changed)


def test_another_spelling_is_no_change() -> None:
    """Azure's spelling varies, rows keep the first one, and no reading is skipped or repeated."""
    spelled = replace(
        ACCOUNT, location="WestEurope", key_vault_uri="https://KV-cmk.vault.azure.net"
    )
    assert carried(known_of(ACCOUNT, keys=HEALTHY), spelled)
    assert last_due("/subscriptions/A", NOON) == last_due("/Subscriptions/a", NOON)


def test_p1_nothing_is_carried_over_without_a_reading_that_it_could_come_from() -> None:
    """A new account, an unchecked key, or a subscription that was a gap in between."""
    known = known_of(ACCOUNT, keys=HEALTHY)
    gap = recorded(compared(known, gap=FORBIDDEN, keys=HEALTHY))
    finding = gap.findings[ACCOUNT_ID]
    assert gap.coverage is not None
    assert gap.coverage.state is CoverageState.GAP

    assert [carried(each) for each in (Known(), known_of(ACCOUNT), gap)] == [False] * 3
    assert scopes_as_of(finding, gap.coverage, READ) is None
    assert scopes_as_of(finding, None, READ) is None


def test_p1_a_time_is_shown_only_where_all_readings_are_recorded() -> None:
    """A result that a scan could not write may have been the only reading of the day."""
    known = known_of(ACCOUNT, keys=HEALTHY)
    finding = known.findings[ACCOUNT_ID]
    unwritten = replace(READ, summary=Summary(unwritten=1))
    earlier = replace(READ, summary=Summary(unwritten=None))
    all_read = replace(READ, daily_carried=False)

    assert [
        scopes_as_of(finding, known.coverage, status)
        for status in (Status(), unwritten, earlier, all_read)
    ] == [None, None, None, NOON]


DAY: Final = timedelta(days=1)
_TIMES: Final = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the time zone
_STEPS: Final = st.lists(st.timedeltas(timedelta(seconds=1), 2 * DAY), max_size=30)


@given(st.text(), _TIMES, _STEPS)
def test_p1_what_is_shown_is_never_newer_than_the_reading_and_no_reading_is_carried_for_a_day(
    account_id: str, began: datetime, steps: list[timedelta]
) -> None:
    """Whatever the times at which scans begin, regular or not."""
    until = read = began
    for step in steps:
        now = until + step
        if is_due(account_id, until, now):
            read = now
        until = now

        assert last_due(account_id, until) <= read
        assert now - read < DAY


def test_a_day_of_scans_reads_each_account_once_and_about_as_many_in_each() -> None:
    """A scan in which all were due would be as slow as if none had been carried over."""
    ids = [f"/subscriptions/{number}" for number in range(2_400)]
    read = [
        account_id
        for hour in range(24)
        for account_id in ids
        if is_due(account_id, NOON + hour * HOUR, NOON + (hour + 1) * HOUR)
    ]
    at_once = Counter(last_due(account_id, NOON) for account_id in ids)

    assert sorted(read) == sorted(ids)
    hours = Counter(due.hour for due in at_once.elements())
    assert len(hours) == 24
    assert max(hours.values()) < 150


@given(st.text())
def test_p1_where_the_time_of_the_last_scan_is_not_known_or_in_the_future_all_is_read(
    account_id: str,
) -> None:
    """A clock that ran ahead would otherwise put off every reading until that time."""
    assert is_due(account_id, None, NOON)
    assert is_due(account_id, NOON + timedelta(seconds=1), NOON)
    assert not is_due(account_id, NOON, NOON)
