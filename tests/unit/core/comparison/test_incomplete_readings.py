"""An incomplete reading may worsen each aspect of a finding separately, and improve none."""

from dataclasses import replace
from datetime import datetime
from typing import Final

import pytest

from cmk_check.core.account import Account, Reading
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.enums import DataState, ExceptionReason, Verdict
from cmk_check.core.exceptions.account_exception import AccountException
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.model import Finding
from cmk_check.core.owner import Owner
from tests.fakes.keys import DISABLED, HEALTHY
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import (
    FORBIDDEN,
    HOUR,
    ID,
    NOON,
    compared_reading,
    context,
    only_finding,
    recorded,
    told,
)

EXPOSED: Final = AccountData(DataState.MICROSOFT_KEYS, basic=("p",), told=("p",))
OWN: Final = AccountData(DataState.OWN_KEYS)
SOON, LATER = NOON + 100 * HOUR, NOON + 200 * HOUR


def honoured(until: datetime) -> AccountException:
    """Return an exception that is honoured until ``until``."""
    return AccountException(ExceptionReason.HONOURED, "/x", "waiver", expires_on=until)


def read(  # noqa: PLR0913 - each is a thing of its own, by keyword
    known: Known,
    account: Account,
    *,
    gap: Gap | None = None,
    data: AccountData = OWN,
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
        data={account_id: data},
    )


def after(difference: Difference) -> Finding:
    """Return the one finding there is then."""
    return only_finding(recorded(difference))


def test_a_worse_verdict_covers_no_data() -> None:
    """P1, P2: the missing part may name the exposed store."""
    known = recorded(read(Known(), good(ID), data=EXPOSED))

    difference = read(known, bad(ID), gap=FORBIDDEN, data=OWN)

    assert after(difference).judgement.verdict is Verdict.NON_COMPLIANT
    assert after(difference).data == EXPOSED
    assert told(difference) == ["account.violated"]


def test_worse_data_mends_no_key_and_no_evidence() -> None:
    """P1, P2: a key that was broken is so until a complete reading says otherwise."""
    known = recorded(read(Known(), good(ID), keys=DISABLED))
    moved = replace(good(ID), key_name="other", kind="AIServices", tags={"a": "b"})

    difference = read(known, moved, gap=FORBIDDEN, data=EXPOSED)

    before = only_finding(known)
    assert after(difference) == replace(before, data=EXPOSED)
    assert told(difference) == ["data.exposed"]


def test_data_that_is_less_bad_is_not_taken_for_one_new_store() -> None:
    """P1: data known to be under Microsoft's keys stays so."""
    known = recorded(read(Known(), good(ID), data=EXPOSED))
    less = AccountData(DataState.MAY_BE_MICROSOFT_KEYS, basic=("q",), told=("q",))

    assert read(known, good(ID), gap=FORBIDDEN, data=less).steps == ()


@pytest.mark.parametrize("before", [good(ID), odd(ID)], ids=["compliant", "unknown"])
def test_a_worse_verdict_starts_no_exception(before: Account) -> None:
    """P1, P2: only a complete reading can accept a violation."""
    known = recorded(read(Known(), before))

    difference = read(known, bad(ID), gap=FORBIDDEN, exception=honoured(LATER))

    assert after(difference).exception is None
    assert after(difference).announced is None
    assert told(difference) == ["account.violated"]


def test_worse_data_prolongs_no_exception() -> None:
    """P1, P2: it does not announce that a violation is accepted for longer."""
    known = recorded(read(Known(), bad(ID), exception=honoured(SOON)))

    difference = read(known, bad(ID), gap=FORBIDDEN, data=EXPOSED, exception=honoured(LATER))

    before = only_finding(known)
    assert after(difference) == replace(before, data=EXPOSED)
    assert told(difference) == ["data.exposed"]


def test_an_exception_that_people_know_of_does_not_end_with_a_worse_verdict() -> None:
    """P4: it is unchanged, and otherwise the next reading would announce its start again."""
    known = recorded(read(Known(), bad(ID), exception=honoured(LATER)))
    known = recorded(read(known, odd(ID)))

    difference = read(known, bad(ID), gap=FORBIDDEN, exception=honoured(LATER))

    assert after(difference).announced == only_finding(known).announced
    assert told(difference) == ["account.violated"]


def test_a_shorter_exception_is_told_and_changes_nothing_else() -> None:
    """P1: less is accepted; data is not covered by it."""
    known = recorded(read(Known(), bad(ID), data=EXPOSED, exception=honoured(LATER)))

    difference = read(known, bad(ID), gap=FORBIDDEN, data=OWN, exception=None)

    assert after(difference) == replace(only_finding(known), exception=None, announced=None)
    assert told(difference) == ["exception.ended"]


def test_a_worse_verdict_takes_the_owner_of_nothing() -> None:
    """P2: the previous owner of the account is informed."""
    known = recorded(read(Known(), replace(good(ID), owner="ai")))

    difference = read(known, bad(ID), gap=FORBIDDEN)

    assert after(difference).owner == Owner("ai", "account")
