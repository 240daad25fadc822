"""Comparing findings: which entry of an account counts, what changes, and what is announced."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Account, Reading, UserIdentity
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.judge_accounts import judge_all, select_accounts
from cmk_check.core.comparison.updates import Difference, FindingUpdate, Known
from cmk_check.core.enums import ChangeType, KeyReason, KeyState, Reason, Verdict
from cmk_check.core.model import Finding
from cmk_check.limits import MAX_TRANSITIONS
from tests.fakes.keys import HEALTHY
from tests.fakes.world import account, bad, good, odd
from tests.unit.core.examples import (
    FORBIDDEN,
    HOUR,
    ID,
    KINDS,
    MAKERS,
    NOON,
    compared,
    compared_reading,
    context,
    health_of,
    known_of,
    only_finding,
    recorded,
)

TRANSITIONS: Final = [
    (None, "compliant", ChangeType.ACCOUNT_DISCOVERED),
    (None, "non_compliant", ChangeType.ACCOUNT_VIOLATED),
    (None, "unknown", ChangeType.ACCOUNT_UNVERIFIABLE),
    ("compliant", "non_compliant", ChangeType.ACCOUNT_VIOLATED),
    ("unknown", "non_compliant", ChangeType.ACCOUNT_VIOLATED),
    ("non_compliant", "compliant", ChangeType.ACCOUNT_RESOLVED),
    ("unknown", "compliant", ChangeType.ACCOUNT_RESOLVED),
    ("compliant", "unknown", ChangeType.ACCOUNT_UNVERIFIABLE),
    ("non_compliant", "unknown", ChangeType.ACCOUNT_UNVERIFIABLE),
    ("compliant", None, ChangeType.ACCOUNT_REMOVED),
    ("non_compliant", None, ChangeType.ACCOUNT_REMOVED),
    ("unknown", None, ChangeType.ACCOUNT_REMOVED),
]


def with_verdicts(*verdicts: str | None) -> list[Account]:
    """Return accounts a, b, ... with these verdicts; None leaves an account out."""
    return [
        MAKERS[verdict](ID, name)
        for name, verdict in zip("abcd", verdicts, strict=False)
        if verdict
    ]


def known(*verdicts: str | None) -> Known:
    """Return the known rows after a reading of these accounts."""
    return known_of(*with_verdicts(*verdicts))


def only(difference: Difference) -> FindingUpdate:
    """Return the only step."""
    (step,) = difference.steps
    return step


def after(difference: Difference) -> Finding:
    """Return the one finding that changed."""
    (step,) = difference.steps
    assert step.after is not None
    return step.after


def verdict_in(side: object) -> object:
    """Return the verdict on one side of a change, or None if there is none."""
    return side["verdict"] if isinstance(side, dict) else None


@pytest.mark.parametrize(("before", "now", "kind"), TRANSITIONS)
def test_each_transition_is_told_as_its_type(
    before: str | None, now: str | None, kind: ChangeType
) -> None:
    """Alert rules are written against these types."""
    had = known(before)
    sequence = had.coverage.sequence if had.coverage else 0

    difference = compared(had, *with_verdicts(now), at=NOON + HOUR)

    change = only(difference).changes[0]
    assert change.type is kind
    assert [verdict_in(change.data[name]) for name in ("before", "after")] == [before, now]
    assert change.data.get("removed") == (None if now else "gone")
    assert change.time == NOON + HOUR
    assert change.sequence == difference.coverage.sequence == sequence + 1


UPDATES: Final = {
    "reason": replace(bad(ID), key_source=None),
    "owner": replace(bad(ID), tags={"owner": "b"}),
    "key": replace(bad(ID), key_name="other"),
    "location": replace(bad(ID), location="northeurope"),
}


@pytest.mark.parametrize("now", UPDATES.values(), ids=UPDATES)
def test_the_same_verdict_otherwise_is_an_update(now: Account) -> None:
    """An account's owner must learn of a change, but not through an alarm."""
    step = only(compared(known_of(bad(ID)), now, at=NOON + HOUR))

    assert step.changes[0].type is ChangeType.ACCOUNT_UPDATED
    assert step.after is not None
    assert step.after.violated_since == step.after.first_seen == NOON
    assert step.after.previous_verdict is None
    assert (step.after.changed_at, step.after.changes) == (NOON + HOUR, 2)


SPELLINGS: Final = {
    "id": replace(good(ID), id=account(ID.upper(), "CHAT").id),
    "kind": replace(good(ID), kind="openai"),
    "key": replace(good(ID), key_source="microsoft.keyvault", key_name="CMK", key_version=""),
    "vault with port": replace(good(ID), key_vault_uri="https://KV-cmk.vault.azure.net:443/"),
}


@pytest.mark.parametrize("now", SPELLINGS.values(), ids=SPELLINGS)
def test_another_spelling_is_no_change(now: Account) -> None:
    """Azure's spelling varies between answers (P4)."""
    assert compared(known_of(good(ID)), now, at=NOON + HOUR).is_empty


def test_a_kind_that_left_the_scope_is_not_taken_for_a_deletion() -> None:
    """The account and its data are still there."""
    ignored = Reading(ignored_by_kind={"Face": 1}, ignored_ids=frozenset([str(bad(ID).id)]))

    difference = compared_reading(known_of(bad(ID)), ignored)

    assert only(difference).changes[0].type is ChangeType.ACCOUNT_REMOVED
    assert only(difference).changes[0].data["removed"] == "kind_out_of_scope"
    assert difference.coverage.accounts.total == 0


def test_dates_follow_the_verdict() -> None:
    """The person who must fix a violation first asks since when it exists."""
    had = known_of(good(ID))
    seen = []
    for hour, now in enumerate([bad(ID), replace(bad(ID), key_source=None), odd(ID), bad(ID)], 1):
        difference = compared(had, now, at=NOON + hour * HOUR)
        seen.append(after(difference))
        had = recorded(difference)

    one, two, four = NOON + HOUR, NOON + 2 * HOUR, NOON + 4 * HOUR
    assert [finding.violated_since for finding in seen] == [one, one, None, four]
    assert [finding.previous_verdict for finding in seen] == [
        Verdict.COMPLIANT,
        Verdict.COMPLIANT,
        Verdict.NON_COMPLIANT,
        Verdict.UNKNOWN,
    ]
    assert {finding.first_seen for finding in seen} == {NOON}
    assert seen[1].changed_at == two
    assert [entry.reason for entry in seen[-1].history] == [
        Reason.CUSTOMER_MANAGED_KEY,
        Reason.MICROSOFT_MANAGED_KEY,
        Reason.NEVER_CONFIGURED,
        Reason.MALFORMED,
        Reason.MICROSOFT_MANAGED_KEY,
    ]


def test_the_history_keeps_the_last_transitions_and_counts_all() -> None:
    """A flapping account must not outgrow its row."""
    had = known_of(good(ID))
    for hour in range(1, 30):
        had = recorded(compared(had, (good, bad)[hour % 2](ID), at=NOON + hour * HOUR))

    (finding,) = had.findings.values()
    assert finding.changes == 30
    assert len(finding.history) == MAX_TRANSITIONS == 20
    assert [entry.at for entry in finding.history] == [NOON + n * HOUR for n in range(10, 30)]
    assert [entry.verdict.value for entry in finding.history] == ["compliant", "non_compliant"] * 10
    assert finding.history[-1].scan_id == context(NOON + 29 * HOUR).scan_id


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=8))
def test_time_never_goes_back_though_clocks_do(minutes: list[int]) -> None:
    """Clocks of hosts differ, and a finding must not change before it was first seen."""
    had = known_of(good(ID))
    times = [NOON]
    for number, minute in enumerate(minutes):
        difference = compared(had, (bad, good)[number % 2](ID), at=NOON + timedelta(minutes=minute))
        finding = after(difference)
        assert only(difference).changes[0].time == finding.changed_at
        assert finding.violated_since in {None, finding.changed_at}
        times.append(finding.changed_at)
        had = recorded(difference)

    assert times == sorted(times)
    (finding,) = had.findings.values()
    assert [entry.at for entry in finding.history] == times


@pytest.mark.parametrize(
    ("made", "worst"), [([good, odd], Verdict.UNKNOWN), ([good, odd, bad], Verdict.NON_COMPLIANT)]
)
def test_of_one_id_twice_the_worse_verdict_counts(
    made: list[Callable[[str], Account]], worst: Verdict
) -> None:
    """Neither entry may make the account look better than it is (P1)."""
    for order in permutations(make(ID) for make in made):
        difference = compared(Known(), *order)

        assert after(difference).judgement.verdict is worst
        assert difference.coverage.accounts.total == 1


def test_the_order_of_accounts_does_not_matter() -> None:
    """Sequence numbers must not depend on the order of pages."""
    names = [
        [step.changes[0].subject for step in compared(Known(), *order).steps]
        for order in permutations([bad(ID, "b"), good(ID, "a"), odd(ID, "c")])
    ]

    assert names == [sorted(names[0])] * 6


_VERDICTS: Final = st.lists(st.sampled_from([None, *MAKERS]), min_size=4, max_size=4)


@given(_VERDICTS, _VERDICTS)
def test_an_incomplete_reading_tells_only_what_is_worse(
    before: list[str | None], now: list[str | None]
) -> None:
    """P1, P2: half an answer may contradict what is good, and is enough to know what is bad."""
    had = known(*before)

    difference = compared(had, *with_verdicts(*now), at=NOON + HOUR, gap=FORBIDDEN)

    found = recorded(difference).findings
    assert found.keys() >= had.findings.keys()
    for account_id, finding in had.findings.items():
        is_worse = found[account_id].judgement.verdict.badness > finding.judgement.verdict.badness
        assert is_worse or found[account_id] == finding
    for seen in with_verdicts(*now):
        verdict = Verdict(now["abcd".index(seen.id.name)] or "")
        assert found[str(seen.id)].judgement.verdict.badness >= verdict.badness
    assert not {step.changes[0].type for step in difference.steps} & {
        ChangeType.ACCOUNT_REMOVED,
        ChangeType.ACCOUNT_RESOLVED,
        ChangeType.ACCOUNT_UPDATED,
    }


@given(_VERDICTS, _VERDICTS)
def test_a_complete_reading_leaves_exactly_what_it_brought(
    before: list[str | None], now: list[str | None]
) -> None:
    """Afterwards the table matches the estate, and a second reading changes nothing (P4, P9)."""
    difference = compared(known(*before), *with_verdicts(*now), at=NOON + HOUR)

    found = recorded(difference)
    assert {finding.id.name: finding.judgement.verdict for finding in found.findings.values()} == {
        name: verdict for name, verdict in zip("abcd", now, strict=True) if verdict
    }
    first = found.coverage and found.coverage.sequence - len(difference.steps) + 1
    numbers = [step.changes[0].sequence for step in difference.steps]
    assert not numbers or numbers == list(range(first or 0, (first or 0) + len(numbers)))
    assert compared(found, *with_verdicts(*now), at=NOON + 2 * HOUR).is_empty


def test_only_keys_of_accounts_that_are_compliant_are_looked_at() -> None:
    """Other accounts have no key that counts, and each reading costs requests."""
    accounts = [good(ID, "a"), bad(ID, "b"), odd(ID, "c"), good(ID, "d"), bad(ID, "d")]

    assert select_accounts(KEY_HEALTH, judge_all(accounts, KINDS)) == (good(ID, "a"),)


def test_a_kind_is_spelled_as_the_settings_spell_it_and_else_as_azure_does() -> None:
    """A new spelling of a kind is no change, and a kind outside the scope keeps its spelling."""
    accounts = [replace(good(ID, "a"), kind="OPENAI"), replace(good(ID, "b"), kind="Face")]

    kinds = [entry.account.kind for entry in judge_all(accounts, KINDS).values()]

    assert kinds == ["OpenAI", "Face"]


@pytest.mark.parametrize(
    "other",
    [
        replace(good(ID), kind="AIServices"),
        replace(good(ID), location="swedencentral"),
        replace(good(ID), tags={"owner": "another"}),
        replace(good(ID), owner="another"),
        replace(good(ID), created_at="2026-03-19T21:34:59Z"),
    ],
    ids=["kind", "location", "tags", "owner", "date"],
)
def test_of_two_entries_of_one_id_the_same_one_counts_in_any_order(other: Account) -> None:
    """The order of an answer varies, and would be announced as a change (P4)."""
    first = replace(good(ID), location="westeurope")

    chosen = [judge_all(order, KINDS) for order in permutations([first, other])]

    assert chosen[0] == chosen[1]


_OTHERWISE: Final[dict[str, dict[str, object]]] = {
    "key": {"key_name": "k2"},
    "version": {"key_version": "v1"},
    "vault": {"key_vault_uri": "https://other.vault.azure.net/"},
    "identity": {"principal_id": "another"},
    "no identity": {"principal_id": None},
    "user": {"identity_client_id": "c"},
    "users": {"user_identities": (UserIdentity("c", "another"),)},
    "odd": {"malformed_key": "properties.encryption is odd."},
}


@pytest.mark.parametrize("fields", _OTHERWISE.values(), ids=_OTHERWISE)
def test_of_an_id_that_comes_with_two_keys_the_key_is_unknown_in_any_order(
    fields: dict[str, object],
) -> None:
    """P1: which of them is used nobody knows; P4: nor may the order of an answer decide."""
    twice = [good(ID), replace(good(ID), **fields)]  # type: ignore[arg-type]
    known = known_of(*twice, keys=HEALTHY)

    again = [
        compared(known, *order, at=NOON + HOUR, keys=HEALTHY)
        for order in permutations([*twice, good(ID)])
    ]

    assert all(difference.is_empty for difference in again)
    (concern,) = health_of(known).concerns
    assert concern.code is KeyReason.CANNOT_READ
    assert "account" in concern.evidence["notSeen"]
    assert "Azure lists it more than once" in concern.message


def test_of_an_id_that_comes_twice_a_key_that_is_the_same_is_judged() -> None:
    """P11: a page that comes again says nothing against it; and the worse entry has no key."""
    again = replace(good(ID), tags={"team": "a"}, location="westus")

    same = known_of(good(ID), good(ID), again, keys=HEALTHY)
    worse = known_of(good(ID), bad(ID), replace(good(ID), key_name="k2"), keys=HEALTHY)

    assert health_of(same).state is KeyState.HEALTHY
    assert only_finding(worse).judgement.verdict == "non_compliant"
    assert only_finding(worse).key_health is None
