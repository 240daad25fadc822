"""Comparing keys: what is no difference, what stays while it is unreadable, what is worse."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Account, Reading
from cmk_check.core.comparison.judge_accounts import known_vaults
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.enums import KeyState
from cmk_check.core.keys.facts import EncryptionScope, KeyFacts
from cmk_check.core.requirements import HEALTHY_KEYS, VERDICTS
from tests.fakes.keys import (
    BOTH,
    BY_STATE,
    DISABLED,
    HEALTHY,
    UNREAD,
    VAULT,
    VAULT_GONE,
)
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import (
    FORBIDDEN,
    HOUR,
    ID,
    NOON,
    compared,
    compared_reading,
    context,
    health_of,
    known_of,
    only_finding,
    recorded,
    told,
)

LATER: Final = NOON + HOUR
DAY: Final = timedelta(days=1)
DEGRADED: Final = "key.degraded"
RECOVERED: Final = "key.recovered"
_LOOKED_AT: Final = [facts for facts in BY_STATE.values() if facts]


def test_another_wording_of_a_key_is_no_change() -> None:
    """A new version of this program must not announce a change of every key (P4)."""
    known = known_of(good(ID), keys=BOTH)
    finding = only_finding(known)
    key = health_of(known)
    worded = tuple(replace(each, message="As it was put before.") for each in key.concerns)
    older = replace(finding, key_health=replace(key, concerns=worded))

    difference = compared(
        replace(known, findings={str(finding.id): older}), good(ID), at=LATER, keys=BOTH
    )

    assert difference.is_empty


@pytest.mark.parametrize(
    "uri", ["https://kv-cmk.vault.azure.net", "https://KV-CMK.vault.azure.net:443/"]
)
def test_another_spelling_of_the_address_of_a_vault_that_is_gone_is_no_change(uri: str) -> None:
    """P4: Azure returns an address with or without its slash, and each scan would announce it."""
    known = known_of(good(ID), keys=VAULT_GONE)

    now = compared(known, replace(good(ID), key_vault_uri=uri), at=LATER, keys=VAULT_GONE)

    assert now.is_empty


def test_another_order_in_a_list_of_evidence_is_no_change() -> None:
    """P4: scopes once stood in an order that depended on how Azure spelled them."""
    scopes = tuple(EncryptionScope(name, "Microsoft.CognitiveServices") for name in ("b", "a"))
    facts = replace(HEALTHY, scopes=scopes)
    known = known_of(good(ID), keys=facts)
    key = health_of(known)
    text = ", ".join(f"{each.name} ({each.key_source})" for each in scopes)
    listed = replace(key.concerns[0], evidence={"scopes": text, "count": "2"})
    older = replace(only_finding(known), key_health=replace(key, concerns=(listed,)))

    difference = compared(
        replace(known, findings={str(older.id): older}), good(ID), at=LATER, keys=facts
    )

    assert difference.is_empty


@pytest.mark.parametrize(
    "facts", [facts for facts in BY_STATE.values() if facts], ids=[*BY_STATE][1:]
)
def test_p4_the_days_to_an_expiry_tick_without_a_change(facts: KeyFacts) -> None:
    """A finding that is written each day would look like a daily change."""
    known = known_of(good(ID), keys=facts)

    for days in (1, 2, 400):
        assert compared(known, good(ID), at=NOON + days * DAY, keys=facts).is_empty


def test_p1_an_account_that_no_facts_came_for_is_unknown() -> None:
    """A key without an answer is never healthy and never left out."""
    reading = Reading((good(ID, "a"), good(ID, "b")))
    facts = {str(good(ID, "a").id): HEALTHY}

    found = recorded(compared_reading(Known(), reading, keys=facts))

    states = {finding.id.name: finding.key_health for finding in found.findings.values()}
    assert states["a"] is not None
    assert states["b"] is not None
    assert (states["a"].state, states["b"].state) == (KeyState.HEALTHY, KeyState.UNKNOWN)
    assert "next scan" in states["b"].concerns[0].message


ORDER: Final = ("healthy", "at_risk", "unknown", "broken")


@pytest.mark.parametrize(("before", "now"), list(product(BY_STATE, BY_STATE)))
def test_p2_an_incomplete_reading_only_makes_a_key_worse(before: str, now: str) -> None:
    """The missing part may contradict it, but a broken key is known."""
    known = known_of(good(ID), keys=BY_STATE[before])

    difference = compared(known, good(ID), at=LATER, gap=FORBIDDEN, keys=BY_STATE[now])

    rank = {"off": 0, **{state: number for number, state in enumerate(ORDER)}}
    is_worse = rank[now] > rank[before]
    key = only_finding(recorded(difference)).key_health
    assert (key.state.value if key else "off") == (now if is_worse else before)
    assert RECOVERED not in told(difference)


def test_a_finding_says_in_its_history_how_its_key_was() -> None:
    """Otherwise the history would repeat one line without the reason of the change."""
    known = known_of(good(ID), keys=HEALTHY)

    known = recorded(compared(known, good(ID), at=LATER, keys=DISABLED))
    known = recorded(compared(known, bad(ID), at=LATER + HOUR, keys=DISABLED))

    history = only_finding(known).history
    assert [entry.key_health for entry in history] == [KeyState.HEALTHY, KeyState.BROKEN, None]
    assert only_finding(known).previous_verdict == "compliant"


@pytest.mark.parametrize(
    ("between", "keys"),
    [(odd(ID), HEALTHY), (bad(ID), HEALTHY), (good(ID), None)],
    ids=["malformed", "not compliant", "switched off"],
)
def test_where_a_vault_was_outlives_a_reading_without_its_key(
    between: Account, keys: KeyFacts | None
) -> None:
    """After one odd answer, a deleted vault would count as unreadable forever (P11)."""
    known = recorded(compared(known_of(good(ID), keys=VAULT_GONE), between, at=LATER, keys=keys))

    assert known_vaults(known.findings, [good(ID)]) == {str(good(ID).id): VAULT}
    known = recorded(compared(known, between, at=LATER, keys=keys))
    known = recorded(compared(known, good(ID), at=LATER, keys=UNREAD))
    assert health_of(known).vault_id == VAULT


@pytest.mark.parametrize(
    "name", ["", "not an id", f"{VAULT}-2", VAULT.replace("vaults", "managedhsms")]
)
def test_a_place_that_is_none_of_the_vault_is_not_asked_for(name: str) -> None:
    """People may edit rows; and names of managed HSMs are others' than those of vaults."""
    finding = replace(only_finding(known_of(good(ID), keys=HEALTHY)), vault_id=name)

    assert known_vaults({str(finding.id): finding}, [good(ID)]) == {}


def test_a_vault_that_was_found_elsewhere_is_looked_for_there() -> None:
    """Vaults move between groups, and are gone from the old one."""
    moved, known = VAULT.replace("rg-keys", "rg-new"), known_of(good(ID), keys=HEALTHY)
    facts = replace(HEALTHY, vault=replace(HEALTHY.vault, id=moved))

    known = recorded(compared(known, good(ID), at=LATER, keys=facts))

    assert known_vaults(known.findings, [good(ID)]) == {str(good(ID).id): moved}


def test_a_vault_that_the_account_has_left_is_not_asked_for() -> None:
    """It would be found in its old place and be the wrong vault."""
    known, moved = known_of(good(ID), keys=HEALTHY), "https://other.vault.azure.net"
    other = replace(good(ID), key_vault_uri=moved)
    spelled = replace(good(ID), key_vault_uri="https://KV-cmk.vault.azure.net:443")

    now = recorded(compared(known, other, at=LATER, keys=UNREAD))

    assert known_vaults(known.findings, [other, bad(ID, "b")]) == {}
    assert health_of(now).vault_id is None
    assert known_vaults(known.findings, [spelled]) == {str(good(ID).id): VAULT}


@pytest.mark.parametrize(("before", "now"), list(product([None, *BY_STATE], BY_STATE)))
def test_p1_a_bad_key_takes_back_what_is_compliant_only_while_keys_can_be_used(
    before: str | None, now: str
) -> None:
    """The status is lowered before such a step is recorded, and for no other step."""
    known = known_of(good(ID), keys=BY_STATE[before]) if before else Known()

    difference = compared(known, good(ID), at=LATER, keys=BY_STATE[now])

    was_good = before in {None, "healthy", "at_risk"}
    is_bad = now in {"broken", "unknown", "off"}
    assert HEALTHY_KEYS.is_worse(difference) == (was_good and is_bad)
    assert not VERDICTS.is_worse(difference)


_READINGS: Final = st.lists(
    st.tuples(st.sampled_from([None, good, bad, odd]), st.sampled_from(_LOOKED_AT)),
    min_size=3,
    max_size=3,
)


def _compared(known: Known, reading: list[tuple[object, KeyFacts | None]]) -> Difference:
    accounts = [make(ID, f"n{n}") for n, (make, _) in enumerate(reading) if callable(make)]
    facts = {str(good(ID, f"n{n}").id): key for n, (_, key) in enumerate(reading) if key}
    return compared_reading(known, Reading(tuple(accounts)), context(LATER), keys=facts)


@given(_READINGS, _READINGS)
def test_after_each_step_the_row_numbers_what_was_told_so_far(
    first: list[tuple[object, KeyFacts | None]], second: list[tuple[object, KeyFacts | None]]
) -> None:
    """A worker may die after any of them: the next one counts on from the row (P3, P9)."""
    known = recorded(_compared(Known(), first))
    difference = _compared(known, second)
    had = known.coverage.sequence if known.coverage else 0

    rows = list(difference.partial_coverages([1] * len(difference.steps), "claim"))

    for number, row in enumerate(rows, 1):
        done = difference.steps[:number]
        assert row.sequence == had + sum(len(step.changes) for step in done)
        counted = Known(findings=known.after(done)).tally().counts({}, 0)
        assert row.accounts == counted
    assert not rows or rows[-1].sequence == difference.coverage.sequence
    assert _compared(recorded(difference), second).is_empty


FAILED: Final = replace(good(ID), provisioning_state="Failed")


def test_a_resolved_account_whose_update_failed_is_not_told_as_healthy() -> None:
    """P1, P2: and it is told once that it has failed, and once that it no longer has."""
    resolved = compared(known_of(bad(ID), keys=HEALTHY), FAILED, at=NOON + HOUR, keys=HEALTHY)
    change, key = resolved.steps[0].changes
    again = compared(recorded(resolved), FAILED, at=NOON + 2 * HOUR, keys=HEALTHY)
    mended = compared(recorded(resolved), good(ID), at=NOON + 3 * HOUR, keys=HEALTHY)

    assert told(resolved) == ["account.resolved", "key.degraded"]
    assert change.data["after"] == key.data["after"]
    assert change.data["after"] == {
        "verdict": "compliant",
        "reason": "customer_managed_key",
        "keyHealth": "unknown",
        "keyReasons": ["account_failed"],
        "owner": None,
        "azurePolicy": "compliant",
    }
    assert health_of(recorded(resolved)).state is KeyState.UNKNOWN
    assert again.is_empty
    assert told(mended) == ["key.recovered"]
    assert only_finding(recorded(mended)).judgement.evidence.provisioning_state is None
