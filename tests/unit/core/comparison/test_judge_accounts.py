"""Judging a reading: which accounts need their keys read, and what a reading changes."""

from dataclasses import replace
from itertools import permutations

import pytest

from cmk_check.core.account import Account
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.comparison.judge_accounts import accounts_of, judge_all, unread
from cmk_check.core.enums import ChangeType, GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import EncryptionScope, KeyFacts, Vault
from cmk_check.core.unread import Unread
from tests.fakes.keys import HEALTHY, UNPROTECTED
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import HOUR, ID, KINDS, NOON, compared, known_of

TIMED_OUT = Unread(Gap(GapReason.TIMEOUT, detail="Wait."))


def scoped(*names: str) -> KeyFacts:
    """Return a healthy key of an account with such encryption scopes under Microsoft's."""
    scopes = tuple(EncryptionScope(name, "Microsoft.CognitiveServices") for name in names)
    return replace(HEALTHY, scopes=scopes)


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
    ],
    ids=["kind", "location", "tags"],
)
def test_of_two_entries_of_one_id_the_same_one_counts_in_any_order(other: Account) -> None:
    """The order of an answer varies, and would be announced as a change (P4)."""
    first = replace(good(ID), location="westeurope")

    chosen = [judge_all(order, KINDS) for order in permutations([first, other])]

    assert chosen[0] == chosen[1]


def test_of_a_key_that_nobody_could_look_at_every_part_is_unread() -> None:
    """A part without an answer would count as healthy."""
    assert unread(TIMED_OUT.gap) == KeyFacts(TIMED_OUT, TIMED_OUT, TIMED_OUT, TIMED_OUT)


def test_another_scope_under_another_key_is_told_although_the_reason_is_the_same() -> None:
    """The finding names the scopes: it must not go on naming those of last year."""
    known = known_of(good(ID), keys=scoped("one"))

    (step,) = compared(known, good(ID), at=NOON + HOUR, keys=scoped("other")).steps

    assert [change.type for change in step.changes] == [ChangeType.ACCOUNT_UPDATED]


def test_a_key_of_which_more_is_seen_and_that_has_one_fault_less_has_recovered() -> None:
    """One unreadable part less is not a new problem."""
    assert isinstance(UNPROTECTED.vault, Vault)
    roles = replace(UNPROTECTED.vault, uses_rbac=True)
    dark = replace(UNPROTECTED, vault=roles, grants=TIMED_OUT, scopes=TIMED_OUT)
    known = known_of(good(ID), keys=dark)
    better = replace(dark, vault=replace(roles, purge_protection=True), scopes=())

    (step,) = compared(known, good(ID), at=NOON + HOUR, keys=better).steps

    assert [change.type for change in step.changes] == [ChangeType.KEY_RECOVERED]
