"""Which details, owners and incomplete readings change a finding, and what a change says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from cmk_check.core.account import Account, Reading
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.enums import ExceptionReason
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.model import Finding
from cmk_check.core.owner import Owner
from cmk_check.core.requirements import VERDICTS
from tests.fakes.keys import HEALTHY
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import (
    FORBIDDEN,
    HOUR,
    ID,
    NOON,
    SUBSCRIPTION,
    compared,
    compared_reading,
    context,
    known_of,
    only_finding,
    recorded,
    told,
)

LATER = NOON + HOUR
UPDATED = "account.updated"


def test_another_broken_part_is_an_update() -> None:
    """Only the message says what to check, so it must be up to date (P11)."""
    broken = replace(odd(ID), malformed="properties.encryption is not an object.")

    assert told(compared(known_of(odd(ID)), broken, at=LATER)) == [UPDATED]


def test_a_reworded_message_is_no_difference() -> None:
    """A new version of this program must not announce a change of every account (P4)."""
    known = known_of(bad(ID))
    ((account_id, finding),) = known.findings.items()
    judgement = replace(finding.judgement, message="As it was put before.")
    older = replace(known, findings={account_id: replace(finding, judgement=judgement)})

    assert compared(older, bad(ID), at=LATER).is_empty


def test_p1_another_kind_and_owner_are_told() -> None:
    """Azure itself upgrades accounts to Foundry, which other tools then no longer judge."""
    before, after = replace(bad(ID), owner="ai"), replace(bad(ID), kind="AIServices", owner="hr")

    (step,) = compared(known_of(before), after, at=LATER).steps

    (change,) = step.changes
    assert change.type == "cmkcheck.account.kind_changed"
    shared = {"verdict": "non_compliant", "reason": "microsoft_managed_key"}
    assert change.data["before"] == {**shared, "owner": "ai", "kind": "OpenAI"}
    assert change.data["after"] == {**shared, "owner": "hr", "kind": "AIServices"}
    assert change.data["previousOwner"] == {"value": "ai", "source": "account"}


def test_another_kind_and_another_verdict_are_two_changes() -> None:
    """Neither may hide the other."""
    now = replace(bad(ID), kind="AIServices")

    assert told(compared(known_of(good(ID)), now, at=LATER)) == [
        "account.violated",
        "account.kind_changed",
    ]


def test_a_kind_that_is_newly_known_is_no_other_kind() -> None:
    """A kind that was missing has not changed."""
    nameless = replace(only_finding(known_of(bad(ID))), kind=None)
    known = replace(known_of(bad(ID)), findings={str(bad(ID).id): nameless})

    assert told(compared(known, bad(ID), at=LATER)) == [UPDATED]


SPRING, SUMMER = "2026-03-19T21:34:59Z", "2026-07-01T08:00:00Z"


@pytest.mark.parametrize("made", [good, odd])
@pytest.mark.parametrize(("had", "has"), [(None, SPRING), (SPRING, SUMMER), (SPRING, None)])
def test_another_date_is_recorded_and_told_to_nobody(
    made: Callable[[str], Account], had: str | None, has: str | None
) -> None:
    """An account that was created again is told by its verdict, not by its date."""
    known = known_of(replace(made(ID), created_at=had))

    difference = compared(known, replace(made(ID), created_at=has), at=LATER)

    (step,) = difference.steps
    assert step.changes == ()
    assert step.before is not None
    assert step.after is not None
    assert step.after.judgement.evidence.created_at == has
    evidence = replace(step.after.judgement.evidence, created_at=had)
    assert step.before == replace(
        step.after, judgement=replace(step.after.judgement, evidence=evidence)
    )
    assert (difference.coverage, VERDICTS.is_worse(difference)) == (known.coverage, False)


def _owned(account: Account, owner: str | None = "ai") -> Account:
    return replace(account, owner=owner)


def _under(owner: str | None, known: Known, *accounts: Account) -> Difference:
    """Compare with a subscription whose tag names this owner."""
    subscription = replace(SUBSCRIPTION, owner=owner)
    return compared_reading(known, Reading(accounts), context(LATER), subscription)


def test_the_tag_of_a_subscription_speaks_for_accounts_without_one() -> None:
    """Many companies tag only subscriptions."""
    findings = recorded(_under("cloud", Known(), bad(ID, "a"), _owned(bad(ID, "b")))).findings

    assert {finding.id.name: finding.owner for finding in findings.values()} == {
        "a": Owner("cloud", "subscription"),
        "b": Owner("ai", "account"),
    }


def test_another_owner_is_a_change_as_another_tag_is() -> None:
    """The feed shows who was the owner, and when."""
    known = known_of(_owned(bad(ID)))

    assert told(compared(known, _owned(bad(ID), "ops"), at=LATER)) == [UPDATED]
    assert told(compared(known, _owned(bad(ID), None), at=LATER)) == [UPDATED]
    assert told(_under("cloud", known_of(bad(ID)), bad(ID))) == [UPDATED]
    assert _under("cloud", known, _owned(bad(ID))).is_empty


def test_changes_of_a_reading_with_another_owner_name_the_one_before_too() -> None:
    """The previous owner must learn that the ticket moved or can be closed."""
    known = known_of(_owned(bad(ID)))
    hand_over = compared(known, _owned(bad(ID), "ops"), at=LATER).steps[0].changes
    cured = compared(known, good(ID), at=LATER).steps[0].changes
    taken_up = compared(known_of(bad(ID)), _owned(good(ID)), at=LATER).steps[0].changes
    same = compared(known, _owned(good(ID)), at=LATER).steps[0].changes
    inherited = _under("ai", known, good(ID)).steps[0].changes
    removed = compared(known, at=LATER).steps[0].changes

    owner = {"value": "ai", "source": "account"}
    assert [each.data["previousOwner"] for each in (*hand_over, *cured)] == [owner, owner]
    assert [each.data["previousOwner"] for each in taken_up] == [None]
    assert not [each for each in (*same, *inherited) if "previousOwner" in each.data]
    assert [each.data["owner"] for each in (*same, *removed)] == [owner, owner]


SOON, LATE = NOON + 100 * HOUR, NOON + 200 * HOUR


def honoured(until: datetime) -> AccountException:
    """Return an exception that is honoured until ``until``."""
    return AccountException(ExceptionReason.HONOURED, "/x", "waiver", expires_on=until)


def read(
    known: Known,
    account: Account,
    *,
    gap: Gap | None = None,
    exception: AccountException | None = None,
    keys: KeyFacts = HEALTHY,
) -> Difference:
    """Compare a reading of one account, and of all that stands beside its verdict."""
    account_id = str(account.id)
    return compared_reading(
        known,
        Reading((account,), gap=gap),
        context(NOON if gap is None else NOON + HOUR),
        keys={account_id: keys},
        exceptions={account_id: exception},
    )


def after(difference: Difference) -> Finding:
    """Return the one finding there is then."""
    return only_finding(recorded(difference))


@pytest.mark.parametrize("before", [good(ID), odd(ID)], ids=["compliant", "unknown"])
def test_a_worse_verdict_starts_no_exception(before: Account) -> None:
    """P1, P2: only a complete reading can accept a violation."""
    known = recorded(read(Known(), before))

    difference = read(known, bad(ID), gap=FORBIDDEN, exception=honoured(LATE))

    assert after(difference).exception is None
    assert after(difference).announced is None
    assert told(difference) == ["account.violated"]


def test_an_exception_that_people_know_of_does_not_end_with_a_worse_verdict() -> None:
    """P4: it is unchanged, and otherwise the next reading would announce its start again."""
    known = recorded(read(Known(), bad(ID), exception=honoured(LATE)))
    known = recorded(read(known, odd(ID)))

    difference = read(known, bad(ID), gap=FORBIDDEN, exception=honoured(LATE))

    assert after(difference).announced == only_finding(known).announced
    assert told(difference) == ["account.violated"]


def test_a_shorter_exception_is_told_and_changes_nothing_else() -> None:
    """P1, P2: less is accepted; all else is as a complete reading found it."""
    known = recorded(read(Known(), bad(ID), exception=honoured(LATE)))
    moved = replace(bad(ID), kind="AIServices", location="elsewhere", tags={"a": "b"})

    difference = read(known, moved, gap=FORBIDDEN, exception=None)

    assert after(difference) == replace(only_finding(known), exception=None, announced=None)
    assert told(difference) == ["exception.ended"]


def test_a_worse_verdict_takes_the_owner_of_nothing() -> None:
    """P2: the previous owner of the account is informed."""
    known = recorded(read(Known(), replace(good(ID), owner="ai")))

    difference = read(known, bad(ID), gap=FORBIDDEN)

    assert after(difference).owner == Owner("ai", "account")
