"""What the doctor says of the rights that data stores need."""

from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.account import Reading
from cmk_check.core.data_stores.facts import AccountPlaces, ProjectPlaces
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.unread import Absent, Unread
from cmk_check.doctor import estate_checks
from cmk_check.limits import DOCTOR_SAMPLED
from tests.fakes.data_stores import OWN, WITH_PROJECTS, ScriptedStores, place
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.world import good
from tests.unit.doctor.subjects import ScriptedPatient, subscription, told

ONE: Final = subscription(1)
STORES: Final = "Microsoft.Storage/storageAccounts/read"
DARK: Final = Unread(Gap(GapReason.FORBIDDEN, STORES, "Grant it there."))


async def _said(
    stored: ScriptedStores,
    *,
    accounts: int = 1,
    setting: str = "on",
    places: AccountPlaces = WITH_PROJECTS,
) -> tuple[list[tuple[str, str]], ScriptedPatient]:
    azure = ScriptedInventory([ONE])
    plain = good(ONE.id, "plain")
    several = [replace(good(ONE.id, f"chat-{number}"), places=places) for number in range(accounts)]
    azure.readings[ONE.id] = Reading((plain, *several))
    subject = ScriptedPatient.over(azure, environ={"CMK_DATA_STORES": setting})
    subject.stored = stored
    await estate_checks.subscriptions(subject)
    await estate_checks.permissions(subject)
    return await told(estate_checks.data_stores, subject), subject


async def test_what_works_is_counted_and_what_does_not_is_said_by_cause() -> None:
    """P11: who grants the role sees at once which part of it is missing where."""
    files, gone, closed = (place(name) for name in ("files", "gone", "closed"))
    stored = ScriptedStores(
        ProjectPlaces((files, gone, closed)),
        {"files": OWN, "gone": Absent("x"), "closed": DARK},
    )

    said, subject = await _said(stored)

    assert said == [
        ("ok", "3 of 4 lists of projects, and stores can be read."),
        ("problem", f"forbidden for {closed.id}: Grant it there."),
    ]
    assert len(subject.data_facts) == 1  # for the report


async def test_projects_that_cannot_be_read_are_a_problem() -> None:
    """Else the app would be switched on, and say of every account that it is unknown."""
    said, _ = await _said(ScriptedStores(ProjectPlaces(unread=DARK)), accounts=2)

    assert said[0] == ("problem", "forbidden for chat-0, chat-1: Grant it there.")


async def test_an_account_that_names_a_store_itself_is_asked_too() -> None:
    """It may have no projects, and its store be one that nobody may read."""
    _, subject = await _said(ScriptedStores(), places=AccountPlaces(places=(place("files"),)))

    assert [len(each) for each in subject.stored.asked] == [1]


@pytest.mark.parametrize(
    ("accounts", "setting", "asked"),
    [(0, "on", 0), (1, "off", 0), (1, "on", 1), (DOCTOR_SAMPLED + 1, "on", DOCTOR_SAMPLED)],
)
async def test_a_few_accounts_are_asked_where_it_is_on(
    accounts: int, setting: str, asked: int
) -> None:
    """A large estate must not be read twice, nor one that does not want it at all."""
    said, subject = await _said(ScriptedStores(), accounts=accounts, setting=setting)

    assert [len(each) for each in subject.stored.asked] == ([asked] if asked else [])
    assert bool(said) is (setting == "on")
