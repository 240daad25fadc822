"""What the doctor says of the right to look at what is behind keys."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from cmk_check.core.account import Account, Reading
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.keys.facts import Key, KeyFacts
from cmk_check.core.unread import Unread
from cmk_check.doctor import estate_checks
from tests.fakes.inventory import ScriptedInventory
from tests.fakes.keys import GONE, HEALTHY, LATEST, UNPROTECTED, VAULT
from tests.fakes.world import bad, good
from tests.unit.doctor.subjects import ScriptedPatient, subscription, told

ONE, TWO = subscription(1), subscription(2)
GRANT: Final = "Azure answered 403: grant Some/thing/read."
FORBIDDEN: Final = Unread(Gap(GapReason.FORBIDDEN, "Some/thing/read", GRANT))
SLOW: Final = Unread(Gap(GapReason.TIMEOUT, detail="Azure did not answer in time: wait."))
PLACE: Final = f"in {VAULT.split('/')[2]}"
A: Final = f"a (kv-a.vault.azure.net {PLACE})"
B: Final = f"b (kv-b.vault.azure.net {PLACE})"


def _account(name: str, vault: str, subscription_id: str = ONE.id) -> Account:
    return replace(good(subscription_id, name), key_vault_uri=f"https://{vault}.vault.azure.net/")


async def _said(
    *accounts: Account, facts: Mapping[str, KeyFacts], environ: Mapping[str, str] | None = None
) -> tuple[list[tuple[str, str]], ScriptedPatient]:
    azure = ScriptedInventory([ONE, TWO])
    for each in azure.listed:
        of_each = tuple(one for one in accounts if one.id.subscription_id == each.id)
        azure.readings[each.id] = Reading(of_each)
    subject = ScriptedPatient.over(azure, environ=environ or {})
    subject.behind.facts = {
        one.id.text: facts[one.id.name] for one in accounts if one.id.name in facts
    }
    await estate_checks.subscriptions(subject)
    await estate_checks.permissions(subject)
    return await told(estate_checks.keys, subject), subject


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        pytest.param({}, [("ok", "2 of 2 sampled keys can be read.")], id="all"),
        pytest.param(
            {"a": GONE, "b": UNPROTECTED},
            [("ok", "2 of 2 sampled keys can be read.")],
            id="gone is seen",
        ),
        pytest.param(
            {"a": replace(HEALTHY, vault=FORBIDDEN, key=None)},
            [
                ("ok", "1 of 2 sampled keys can be read."),
                ("problem", f"forbidden for a (kv-a.vault.azure.net): {GRANT}"),
            ],
            id="a vault that is not found",
        ),
        pytest.param(
            {"a": replace(HEALTHY, key=FORBIDDEN), "b": replace(HEALTHY, grants=FORBIDDEN)},
            [("problem", f"forbidden for {A}, {B}: {GRANT}")],
            id="one cause is one line",
        ),
        pytest.param(
            {
                "a": replace(HEALTHY, scopes=SLOW),
                "b": replace(HEALTHY, key=Key(f"{VAULT}/keys/cmk", LATEST, FORBIDDEN)),
            },
            [
                ("problem", f"timeout for {A}: Azure did not answer in time: wait."),
                ("problem", f"forbidden for {B}: {GRANT}"),
            ],
            id="each part counts",
        ),
    ],
)
async def test_what_is_behind_a_key_is_really_read(
    facts: Mapping[str, KeyFacts], said: list[tuple[str, str]]
) -> None:
    """A role may hold an action and still not reach the subscription of the vault."""
    accounts = _account("a", "kv-a"), _account("b", "kv-b", TWO.id)

    found, _ = await _said(*accounts, facts=facts)

    assert found == said


async def test_a_few_keys_are_tried_each_in_another_vault() -> None:
    """A thousand keys in one vault say no more than one of them, and a person waits."""
    accounts = [_account(f"a{number}", f"KV-{number // 2}") for number in range(20)]
    accounts[1] = replace(accounts[1], key_vault_uri="https://kv-0.vault.azure.net")

    found, subject = await _said(*accounts, bad(ONE.id, "bad"), facts={})

    assert found[0] == ("ok", "5 of 5 sampled keys can be read.")
    assert len(subject.key_facts) == 5  # for the report
    assert subject.behind.asked == [dict.fromkeys(("a0", "a10", "a12", "a14", "a16"))]


async def test_without_a_key_there_is_nothing_to_try() -> None:
    """What cannot be tried is not said to work."""
    found, subject = await _said(bad(ONE.id), facts={})

    assert found == [
        ("skipped", "None of the accounts that could be read has a customer-managed key.")
    ]
    assert subject.behind.opened == 0


async def test_keys_that_are_not_to_be_looked_at_are_left_alone() -> None:
    """Who has switched key health off has not granted its rights."""
    found, subject = await _said(good(ONE.id), facts={}, environ={"CMK_KEY_HEALTH": "off"})

    assert found == []
    assert subject.behind.opened == 0
