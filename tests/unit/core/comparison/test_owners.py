"""The owner of an account, in its finding and in every change."""

from dataclasses import replace

from cmk_check.core.account import Account, Reading
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.owner import Owner
from tests.fakes.world import bad, good
from tests.unit.core.examples import (
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


def _owned(account: Account, owner: str | None = "ai") -> Account:
    return replace(account, owner=owner)


def _under(owner: str | None, known: Known, *accounts: Account) -> Difference:
    """Compare with a subscription whose tag names this owner."""
    subscription = replace(SUBSCRIPTION, owner=owner)
    return compared_reading(known, Reading(accounts), context(LATER), subscription)


def _of_earlier_version(known: Known) -> Known:
    """Return the rows of a version without owners."""
    return replace(
        known, findings={key: replace(each, owner=None) for key, each in known.findings.items()}
    )


def test_every_change_of_an_account_names_its_owner() -> None:
    """The receiver of an alert must know whom to contact."""
    difference = compared(known_of(_owned(good(ID))), _owned(bad(ID)), at=LATER)
    removal = compared(known_of(_owned(good(ID))), at=LATER)

    changes = [change for each in (difference, removal) for change in each.steps[0].changes]
    owner = {"value": "ai", "source": "account"}
    assert [change.data["owner"] for change in changes] == [owner, owner]


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

    assert told(compared(known, _owned(bad(ID), "ops"), at=LATER)) == ["account.updated"]
    assert told(compared(known, _owned(bad(ID), None), at=LATER)) == ["account.updated"]
    assert told(_under("cloud", known_of(bad(ID)), bad(ID))) == ["account.updated"]
    assert _under("cloud", known, _owned(bad(ID))).is_empty


def test_changes_of_a_reading_with_another_owner_name_the_one_before_too() -> None:
    """The previous owner must learn that the ticket moved or can be closed."""
    known = known_of(_owned(bad(ID)))
    hand_over = compared(known, _owned(bad(ID), "ops"), at=LATER).steps[0].changes
    cured = compared(known, good(ID), at=LATER).steps[0].changes
    taken_up = compared(known_of(bad(ID)), _owned(good(ID)), at=LATER).steps[0].changes
    same = compared(known, _owned(good(ID)), at=LATER).steps[0].changes
    inherited = _under("ai", known, good(ID)).steps[0].changes

    owner = {"value": "ai", "source": "account"}
    assert [each.data["previousOwner"] for each in (*hand_over, *cured)] == [owner, owner]
    assert [each.data["previousOwner"] for each in taken_up] == [None]
    assert not [each for each in (*same, *inherited) if "previousOwner" in each.data]


def test_rows_of_earlier_versions_are_filled_in_once_and_told_to_nobody() -> None:
    """Otherwise the first scan of a new version would change every account."""
    known = _of_earlier_version(known_of(bad(ID)))

    filled = compared(known, _owned(bad(ID)), at=LATER)

    cured = compared(known, _owned(good(ID)), at=LATER).steps[0].changes
    assert told(filled) == []
    assert "previousOwner" not in cured[0].data
    assert only_finding(recorded(filled)).owner == Owner("ai", "account")
    assert only_finding(recorded(filled)).changed_at == NOON
    assert compared(recorded(filled), _owned(bad(ID)), at=LATER).is_empty
