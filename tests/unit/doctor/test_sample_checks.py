"""What the doctor says of the rights to read what is behind keys and exemptions, on a few."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest

from cmk_check.core.account import Account, Reading
from cmk_check.core.enums import GapReason
from cmk_check.core.exceptions.facts import Assignment, ExemptionFacts
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Key, KeyFacts
from cmk_check.core.unread import Unread
from cmk_check.doctor import estate_checks
from cmk_check.limits import DOCTOR_SAMPLED
from tests.fakes.exemptions import ASSIGNMENT, CORP, DENIED, exempted
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.keys import GONE, HEALTHY, LATEST, UNPROTECTED, VAULT
from tests.fakes.world import bad, good
from tests.unit.doctor.subjects import Check, ScriptedPatient, subscription, told

ESTATE: Final = [subscription(number) for number in range(1, 9)]
ONE, TWO = ESTATE[:2]
FORBIDDEN: Final = Unread(Gap(GapReason.FORBIDDEN, "Some/thing/read", "Grant it."))
SLOW: Final = Unread(Gap(GapReason.TIMEOUT, detail="Azure did not answer in time: wait."))


def _subject(*accounts: Account, **environ: str) -> ScriptedPatient:
    azure = ScriptedInventory(ESTATE)
    for each in ESTATE:
        mine = tuple(one for one in accounts if one.id.subscription_id == each.id)
        azure.readings[each.id] = Reading(mine)
    return ScriptedPatient.over(azure, environ={"CMK_EXCEPTIONS": "show"} | environ)


async def _said(check: Check, subject: ScriptedPatient) -> list[tuple[str, str]]:
    """Return what a check says after those that it builds on."""
    await estate_checks.subscriptions(subject)
    await estate_checks.permissions(subject)
    return await told(check, subject)


def _with_key(name: str, vault: str, subscription_id: str = ONE.id) -> Account:
    return replace(good(subscription_id, name), key_vault_uri=f"https://{vault}.vault.azure.net/")


@pytest.mark.parametrize(
    ("check", "setting"),
    [(estate_checks.keys, "CMK_KEY_HEALTH"), (estate_checks.exceptions, "CMK_EXCEPTIONS")],
)
async def test_what_is_off_or_nowhere_is_not_tried(check: Check, setting: str) -> None:
    """Who has switched it off has not granted its rights; what was not tried does not work."""
    off = _subject(good(ONE.id, "a"), bad(ONE.id, "b"), **{setting: "off"})
    nowhere = _subject(good(ONE.id, "a") if check is estate_checks.exceptions else bad(ONE.id))

    assert await _said(check, off) == []
    assert [mark for mark, _ in await _said(check, nowhere)] == ["skipped"]
    for subject in (off, nowhere):
        assert subject.behind.opened == 0
        assert subject.accepted.asked == []


A: Final = f"a (kv-a.vault.azure.net in {VAULT.split('/')[2]})"
B: Final = f"b (kv-b.vault.azure.net in {VAULT.split('/')[2]})"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        pytest.param(
            {"a": GONE, "b": UNPROTECTED},
            [("ok", "2 of 2 sampled keys can be read.")],
            id="gone is seen",
        ),
        pytest.param(
            {"a": replace(HEALTHY, vault=FORBIDDEN, key=None)},
            [
                ("ok", "1 of 2 sampled keys can be read."),
                ("problem", "forbidden for a (kv-a.vault.azure.net): Grant it."),
            ],
            id="a vault that is not found",
        ),
        pytest.param(
            {"a": replace(HEALTHY, key=FORBIDDEN), "b": replace(HEALTHY, grants=FORBIDDEN)},
            [("problem", f"forbidden for {A}, {B}: Grant it.")],
            id="one cause is one line",
        ),
        pytest.param(
            {
                "a": replace(HEALTHY, grants=SLOW),
                "b": replace(HEALTHY, key=Key(f"{VAULT}/keys/cmk", LATEST, FORBIDDEN)),
            },
            [
                ("problem", f"timeout for {A}: Azure did not answer in time: wait."),
                ("problem", f"forbidden for {B}: Grant it."),
            ],
            id="each part counts",
        ),
    ],
)
async def test_what_is_behind_a_key_is_really_read(
    facts: Mapping[str, KeyFacts], said: list[tuple[str, str]]
) -> None:
    """A role may hold an action and still not reach the subscription of the vault."""
    accounts = _with_key("a", "kv-a"), _with_key("b", "kv-b", TWO.id)
    subject = _subject(*accounts)
    subject.behind.facts = {
        one.id.text: facts[one.id.name] for one in accounts if one.id.name in facts
    }

    assert await _said(estate_checks.keys, subject) == said


async def test_a_few_keys_are_tried_each_in_another_vault() -> None:
    """A thousand keys in one vault say no more than one of them."""
    accounts = [_with_key(f"a{number}", f"KV-{number // 2}") for number in range(20)]
    accounts[1] = replace(accounts[1], key_vault_uri="https://kv-0.vault.azure.net")
    subject = _subject(*accounts, bad(ONE.id, "bad"))

    assert await _said(estate_checks.keys, subject) == [("ok", "5 of 5 sampled keys can be read.")]
    assert len(subject.key_facts) == DOCTOR_SAMPLED  # for the report
    assert subject.behind.asked == [dict.fromkeys(("a0", "a10", "a12", "a14", "a16"))]


LISTS: Final = "lists of exemptions, assignments and initiatives"
SET: Final = f"{CORP}/providers/microsoft.authorization/policysetdefinitions/ours"
PLAIN: Final = exempted(ONE.id, datetime(2026, 12, 1, tzinfo=UTC))
BY_SET: Final = {ASSIGNMENT: Assignment(CORP, SET)}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        pytest.param(PLAIN, ("ok", f"2 of 2 {LISTS} can be read."), id="an assigned policy"),
        pytest.param(
            ExemptionFacts(PLAIN.exemptions, BY_SET, {SET: FORBIDDEN}),
            ("problem", f"forbidden for {SET}: Grant it."),
            id="an initiative that may not be read",
        ),
        pytest.param(
            ExemptionFacts(PLAIN.exemptions, {ASSIGNMENT: FORBIDDEN}),
            ("problem", f"forbidden for {ASSIGNMENT}: Grant it."),
            id="an assignment above what the role reaches",
        ),
        pytest.param(DENIED, ("problem", f"forbidden for {ONE.id}: Ask."), id="no list"),
    ],
)
async def test_p11_each_right_that_exceptions_need_is_tried(
    facts: ExemptionFacts, said: tuple[str, str]
) -> None:
    """P11: a role on subscriptions does not reach the assignments above them."""
    subject = _subject(bad(ONE.id), good(TWO.id))
    subject.accepted.facts = {ONE.id: facts}

    assert (await _said(estate_checks.exceptions, subject))[-1] == said
    assert subject.accepted.asked == [ONE.id]  # no scan asks where nothing has to be accepted


async def test_a_few_subscriptions_with_a_violation_are_tried() -> None:
    """What most of them say is said beside the one that refuses."""
    subject = _subject(*(bad(each.id) for each in ESTATE))
    subject.accepted.facts = {ONE.id: DENIED}

    said = await _said(estate_checks.exceptions, subject)

    assert said[0] == ("ok", f"4 of 5 {LISTS} can be read.")
    assert len(subject.accepted.asked) == DOCTOR_SAMPLED
