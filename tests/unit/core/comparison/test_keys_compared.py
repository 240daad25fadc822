"""Comparing keys: what is announced, what is no difference, and what stays while it is unread."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.core.account import Account, Reading
from cmk_check.core.comparison.judge_accounts import list_known_vaults
from cmk_check.core.comparison.updates import Difference, Known
from cmk_check.core.enums import KeyState
from cmk_check.core.keys.facts import Key, KeyFacts, Vault
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.requirements import HEALTHY_KEYS, VERDICTS
from cmk_check.core.unread import Unread
from tests.fakes.keys import (
    BOTH,
    DISABLED,
    EXPIRED,
    HEALTHY,
    LATEST,
    UNPROTECTED,
    UNREAD,
    VAULT,
    VAULT_GONE,
    with_version,
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

BY_STATE: Final[Mapping[str, KeyFacts | None]] = {
    "off": None,
    "healthy": HEALTHY,
    "at_risk": UNPROTECTED,
    "broken": DISABLED,
    "unknown": UNREAD,
}


DAY: Final = timedelta(days=1)
# That the days to an expiry tick is no change.
LATER: Final = NOON + 2 * DAY
DEGRADED: Final = "key.degraded"
RECOVERED: Final = "key.recovered"
UPDATED: Final = "account.updated"
# From the key of a compliant account (a row) to the key of the same one, in the order of BY_STATE.
OF_KEYS: Final[dict[str, tuple[str | None, ...]]] = {
    "off": (None, UPDATED, DEGRADED, DEGRADED, UPDATED),
    "healthy": (UPDATED, None, DEGRADED, DEGRADED, DEGRADED),
    "at_risk": (UPDATED, RECOVERED, None, DEGRADED, DEGRADED),
    "broken": (UPDATED, RECOVERED, RECOVERED, None, DEGRADED),
    "unknown": (UPDATED, RECOVERED, DEGRADED, DEGRADED, None),
}


def state_in(difference: Difference) -> str:
    """Return the state of the only key after a difference is recorded."""
    key = only_finding(recorded(difference)).key_health
    return key.state.value if key else "off"


def withdraws(difference: Difference) -> bool:
    """Return whether the status is lowered first where keys must be usable."""
    assert not VERDICTS.is_worse(difference)
    return HEALTHY_KEYS.is_worse(difference)


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        (before, now, kind)
        for before, kinds in OF_KEYS.items()
        for now, kind in zip(BY_STATE, kinds, strict=True)
    ],
)
def test_p1_each_transition_of_a_key_is_told_as_its_type(
    before: str, now: str, kind: str | None
) -> None:
    """Alert rules use these types; only a key that cannot be used any more lowers the status."""
    known = known_of(good(ID), keys=BY_STATE[before])

    difference = compared(known, good(ID), at=LATER, keys=BY_STATE[now])

    assert told(difference) == ([kind] if kind else [])
    assert difference.is_empty == (kind is None)
    assert state_in(difference) == now
    was_usable, is_usable = (state in {"healthy", "at_risk"} for state in (before, now))
    assert withdraws(difference) == (was_usable and not is_usable)


@pytest.mark.parametrize("now", BY_STATE)
@pytest.mark.parametrize(
    ("before", "kind"), [(None, "account.discovered"), (bad(ID), "account.resolved")]
)
def test_a_key_in_trouble_is_told_besides_its_account(
    before: Account | None, kind: str, now: str
) -> None:
    """It came under a customer-managed key, and that key is broken: both are news."""
    known = known_of(before) if before else Known()

    difference = compared(known, good(ID), at=LATER, keys=BY_STATE[now])

    assert told(difference) == [kind, *([DEGRADED] if now in {"at_risk", "broken"} else [])]
    assert withdraws(difference) == (before is None and now not in {"healthy", "at_risk"})


@pytest.mark.parametrize("before", BY_STATE)
@pytest.mark.parametrize(
    ("now", "kind"), [(bad(ID), "account.violated"), (odd(ID), "account.unverifiable")]
)
def test_an_account_that_is_no_longer_compliant_has_no_key_to_tell_of(
    before: str, now: Account, kind: str
) -> None:
    """A key that is no longer used has neither recovered nor degraded."""
    known = known_of(good(ID), keys=BY_STATE[before])

    difference = compared(known, now, at=LATER, keys=HEALTHY)

    assert told(difference) == [kind]
    assert state_in(difference) == "off"


def test_what_changes_of_the_account_itself_stands_in_the_change_of_its_key() -> None:
    """One change, without an additional update."""
    known = known_of(good(ID), keys=HEALTHY)

    difference = compared(known, replace(good(ID), key_name="k2"), at=LATER, keys=DISABLED)

    assert told(difference) == [DEGRADED]
    assert only_finding(recorded(difference)).judgement.evidence.key_name == "k2"


DENIED: Final = Unread(FORBIDDEN)
assert isinstance(HEALTHY.vault, Vault)
ROLES: Final = replace(HEALTHY.vault, uses_rbac=True)
DARK: Final = replace(HEALTHY, vault=ROLES, grants=DENIED)


def blocked(bypass: str) -> KeyFacts:
    """Return a key whose vault's firewall lets only such services through, and no trusted ones."""
    assert isinstance(HEALTHY.vault, Vault)
    return replace(HEALTHY, vault=replace(HEALTHY.vault, default_action="Deny", bypass=bypass))


def rotating(days: int | None) -> KeyFacts:
    """Return a key whose policy makes its next version in so many days."""
    assert isinstance(HEALTHY.key, Key)
    at = None if days is None else NOON + days * DAY
    return replace(HEALTHY, key=replace(HEALTHY.key, next_rotation_at=at))


SAME_STATE: Final[dict[str, tuple[KeyFacts, KeyFacts, str]]] = {
    "another reason": (DISABLED, EXPIRED, DEGRADED),
    "a reason more": (DISABLED, BOTH, DEGRADED),
    "a reason less": (BOTH, DISABLED, RECOVERED),
    "a new version": (HEALTHY, with_version(version="v2"), UPDATED),
    "another vault": (
        HEALTHY,
        replace(HEALTHY, vault=replace(HEALTHY.vault, id=f"{VAULT}2")),
        UPDATED,
    ),
    "a notice": (HEALTHY, with_version(size=4096), UPDATED),
    "a rotation policy": (rotating(None), rotating(9), UPDATED),
    "another rotation policy": (rotating(9), rotating(8), UPDATED),
    "no rotation policy any more": (rotating(9), rotating(None), UPDATED),
    "another bypass": (blocked("None"), blocked("Logging"), UPDATED),
    "another missing action": (UNREAD, replace(UNREAD, vault=DENIED, key=DENIED), UPDATED),
    "a reason and an unread part less": (
        replace(DARK, vault=replace(ROLES, purge_protection=False, default_action="perhaps")),
        DARK,
        RECOVERED,
    ),
}


@pytest.mark.parametrize(("before", "now", "kind"), SAME_STATE.values(), ids=SAME_STATE)
def test_within_one_state_reasons_decide(before: KeyFacts, now: KeyFacts, kind: str) -> None:
    """A second fault of a broken key is news; a notice and a routine rotation are no alarm."""
    known = known_of(good(ID), keys=before)

    assert told(compared(known, good(ID), at=LATER, keys=now)) == [kind]


KEY_ID: Final = f"{VAULT}/keys/cmk"
PINNED: Final = replace(good(ID), key_version="v1")
USERLESS: Final = replace(good(ID), principal_id=None)
OUT_OF_SIGHT: Final[dict[str, tuple[Account, KeyFacts, KeyFacts, str]]] = {
    "the vault too": (
        good(ID),
        replace(DARK, vault=replace(ROLES, purge_protection=False)),
        replace(UNREAD, key=None),
        DEGRADED,
    ),
    "a broken key": (USERLESS, DISABLED, replace(HEALTHY, key=DENIED), DEGRADED),
    "the key, which was odd before": (
        USERLESS,
        with_version(enabled=False, malformed="properties.keySize is odd."),
        replace(HEALTHY, key=DENIED),
        UPDATED,
    ),
    "the version, behind a newer one": (
        PINNED,
        replace(HEALTHY, key=Key(KEY_ID, replace(LATEST, expires=NOON + DAY), DENIED)),
        replace(HEALTHY, key=Key(KEY_ID, replace(LATEST, version="v2"), DENIED)),
        UPDATED,
    ),
}


@pytest.mark.parametrize(
    ("account", "before", "now", "kind"), OUT_OF_SIGHT.values(), ids=OUT_OF_SIGHT
)
def test_what_is_only_out_of_sight_has_not_recovered(
    account: Account, before: KeyFacts, now: KeyFacts, kind: str
) -> None:
    """P1: an alert would be closed although nothing is known to be better."""
    known = known_of(account, keys=before)

    assert told(compared(known, account, at=LATER, keys=now)) == [kind]


def _reworded(health: KeyHealth) -> KeyHealth:
    """Return the health in other words, and in another order."""
    concerns = []
    for each in health.concerns:
        bypass = ", ".join(reversed(each.evidence.get("bypass", "").split(", ")))
        evidence = {
            name: bypass if name == "bypass" else is_ for name, is_ in each.evidence.items()
        }
        concerns.append(replace(each, message="As it was put before.", evidence=evidence))
    return replace(health, concerns=tuple(concerns))


@pytest.mark.parametrize(
    "facts", [BOTH, blocked("Metrics, Logging")], ids=["words", "order of a list"]
)
def test_a_health_in_other_words_or_another_order_is_no_change(facts: KeyFacts) -> None:
    """P4: a new version of this program must not announce a change of every key."""
    finding = only_finding(known := known_of(good(ID), keys=facts))
    older = replace(finding, key_health=_reworded(health_of(known)))

    known = replace(known, findings={str(finding.id): older})

    assert older != finding
    assert compared(known, good(ID), at=LATER, keys=facts).is_empty


def test_another_spelling_of_the_address_of_a_vault_that_is_gone_is_no_change() -> None:
    """P4: Azure returns an address with or without its slash, and each scan would announce it."""
    known = known_of(good(ID), keys=VAULT_GONE)
    spelled = replace(good(ID), key_vault_uri="https://KV-CMK.vault.azure.net:443")

    assert compared(known, spelled, at=LATER, keys=VAULT_GONE).is_empty


def test_p1_an_account_that_no_facts_came_for_is_unknown() -> None:
    """A key without an answer is never healthy and never left out."""
    known = recorded(compared_reading(Known(), Reading((good(ID),)), keys={}))

    assert health_of(known).state is KeyState.UNKNOWN
    assert "next scan" in health_of(known).concerns[0].message


BADNESS: Final = {"off": 0, "healthy": 0, "at_risk": 1, "unknown": 2, "broken": 3}


@pytest.mark.parametrize(("before", "now"), list(product(BY_STATE, BY_STATE)))
def test_p2_an_incomplete_reading_only_makes_a_key_worse(before: str, now: str) -> None:
    """The missing part may contradict it, but a broken key is known."""
    known = known_of(good(ID), keys=BY_STATE[before])

    difference = compared(known, good(ID), at=LATER, gap=FORBIDDEN, keys=BY_STATE[now])

    assert state_in(difference) == max(before, now, key=BADNESS.__getitem__)
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

    assert list_known_vaults(known.findings, [good(ID)]) == {str(good(ID).id): VAULT}
    known = recorded(compared(known, between, at=LATER, keys=keys))
    known = recorded(compared(known, good(ID), at=LATER, keys=UNREAD))
    assert health_of(known).vault_id == VAULT


@pytest.mark.parametrize(
    "name", ["", "not an id", f"{VAULT}-2", VAULT.replace("vaults", "managedhsms")]
)
def test_a_place_that_is_none_of_the_vault_is_not_asked_for(name: str) -> None:
    """People may edit rows; and names of managed HSMs are others' than those of vaults."""
    finding = replace(only_finding(known_of(good(ID), keys=HEALTHY)), vault_id=name)

    assert list_known_vaults({str(finding.id): finding}, [good(ID)]) == {}


def test_a_vault_that_was_found_elsewhere_is_looked_for_there() -> None:
    """Vaults move between groups, and are gone from the old one."""
    moved, known = VAULT.replace("rg-keys", "rg-new"), known_of(good(ID), keys=HEALTHY)
    facts = replace(HEALTHY, vault=replace(HEALTHY.vault, id=moved))

    known = recorded(compared(known, good(ID), at=LATER, keys=facts))

    assert list_known_vaults(known.findings, [good(ID)]) == {str(good(ID).id): moved}


def test_a_vault_that_the_account_has_left_is_not_asked_for() -> None:
    """It would be found in its old place and be the wrong vault."""
    known, moved = known_of(good(ID), keys=HEALTHY), "https://other.vault.azure.net"
    other = replace(good(ID), key_vault_uri=moved)
    spelled = replace(good(ID), key_vault_uri="https://KV-cmk.vault.azure.net:443")

    now = recorded(compared(known, other, at=LATER, keys=UNREAD))

    assert list_known_vaults(known.findings, [other, bad(ID, "b")]) == {}
    assert health_of(now).vault_id is None
    assert list_known_vaults(known.findings, [spelled]) == {str(good(ID).id): VAULT}


_READINGS: Final = st.lists(
    st.tuples(
        st.sampled_from([None, good, bad, odd]),
        st.sampled_from([facts for facts in BY_STATE.values() if facts]),
    ),
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
        counted = Known(findings=known.apply_steps(done)).tally().counts({}, 0)
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

    assert told(resolved) == ["account.resolved", DEGRADED]
    after = change.data["after"]
    assert isinstance(after, dict)
    assert (after["keyHealth"], after["keyReasons"]) == ("unknown", ["account_failed"])
    assert key.data["after"] == after
    assert again.is_empty
    assert told(mended) == [RECOVERED]
    assert only_finding(recorded(mended)).judgement.evidence.provisioning_state is None
