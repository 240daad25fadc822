"""Judging a reading: whose key is looked at, and which of two entries of one id counts."""

from dataclasses import replace
from itertools import permutations
from typing import Final

import pytest

from cmk_check.core.account import Account, UserIdentity
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.judge_accounts import accounts_of, judge_all
from cmk_check.core.enums import GapReason, KeyReason, KeyState
from cmk_check.core.gap import Gap
from cmk_check.core.unread import Unread
from tests.fakes.keys import HEALTHY
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import (
    HOUR,
    ID,
    KINDS,
    NOON,
    compared,
    health_of,
    known_of,
    only_finding,
)

TIMED_OUT = Unread(Gap(GapReason.TIMEOUT, detail="Wait."))


def test_only_keys_of_accounts_that_are_compliant_are_looked_at() -> None:
    """Other accounts have no key that counts, and each reading costs requests."""
    accounts = [good(ID, "a"), bad(ID, "b"), odd(ID, "c"), good(ID, "d"), bad(ID, "d")]

    assert accounts_of(KEY_HEALTH, judge_all(accounts, KINDS)) == (good(ID, "a"),)


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
