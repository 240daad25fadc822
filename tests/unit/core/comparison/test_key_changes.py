"""Which change each key transition causes, alone and with a change of the account."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from cmk_check.core.account import Account
from cmk_check.core.comparison.updates import Known
from cmk_check.core.keys.facts import Key, KeyFacts
from cmk_check.core.unread import Unread
from tests.fakes.keys import (
    BOTH,
    BY_STATE,
    DISABLED,
    EXPIRED,
    HEALTHY,
    LATEST,
    UNPROTECTED,
    UNREAD,
    VAULT,
    with_version,
)
from tests.fakes.world import bad, good, odd
from tests.unit.core.examples import (
    FORBIDDEN,
    HOUR,
    ID,
    NOON,
    compared,
    known_of,
    only_finding,
    recorded,
    told,
)

LATER: Final = NOON + HOUR
DEGRADED: Final = "key.degraded"
RECOVERED: Final = "key.recovered"
UPDATED: Final = "account.updated"
# From the key of a compliant account to the key of the same one, an hour later.
OF_KEYS: Final[dict[tuple[str, str], str | None]] = {
    ("off", "off"): None,
    ("off", "healthy"): UPDATED,
    ("off", "at_risk"): DEGRADED,
    ("off", "broken"): DEGRADED,
    ("off", "unknown"): UPDATED,
    ("healthy", "off"): UPDATED,
    ("healthy", "healthy"): None,
    ("healthy", "at_risk"): DEGRADED,
    ("healthy", "broken"): DEGRADED,
    ("healthy", "unknown"): DEGRADED,
    ("at_risk", "off"): UPDATED,
    ("at_risk", "healthy"): RECOVERED,
    ("at_risk", "at_risk"): None,
    ("at_risk", "broken"): DEGRADED,
    ("at_risk", "unknown"): DEGRADED,
    ("broken", "off"): UPDATED,
    ("broken", "healthy"): RECOVERED,
    ("broken", "at_risk"): RECOVERED,
    ("broken", "broken"): None,
    ("broken", "unknown"): DEGRADED,
    ("unknown", "off"): UPDATED,
    ("unknown", "healthy"): RECOVERED,
    ("unknown", "at_risk"): DEGRADED,
    ("unknown", "broken"): DEGRADED,
    ("unknown", "unknown"): None,
}
ALONE: Final[tuple[str, ...]] = ()
BESIDES: Final = (DEGRADED,)
# Of a key that was not looked at before, beside the change of its account.
FIRST: Final = {
    "off": ALONE,
    "healthy": ALONE,
    "at_risk": BESIDES,
    "broken": BESIDES,
    "unknown": ALONE,
}


@pytest.mark.parametrize(("before", "now"), OF_KEYS)
def test_each_transition_of_a_key_is_told_as_its_type(before: str, now: str) -> None:
    """Alert rules use these types; nothing is announced twice."""
    known = known_of(good(ID), keys=BY_STATE[before])

    difference = compared(known, good(ID), at=LATER, keys=BY_STATE[now])

    kind = OF_KEYS[before, now]
    assert told(difference) == ([kind] if kind else [])
    assert difference.is_empty == (kind is None)
    key = only_finding(recorded(difference)).key_health
    assert (key.state.value if key else "off") == now


@pytest.mark.parametrize(("now", "besides"), FIRST.items())
@pytest.mark.parametrize(
    ("before", "kind"), [(None, "account.discovered"), (bad(ID), "account.resolved")]
)
def test_a_key_in_trouble_is_told_besides_its_account(
    before: Account | None, kind: str, now: str, besides: tuple[str, ...]
) -> None:
    """It came under a customer-managed key, and that key is broken: both are news."""
    known = known_of(before) if before else Known()

    difference = compared(known, good(ID), at=LATER, keys=BY_STATE[now])

    assert told(difference) == [kind, *besides]


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
    assert only_finding(recorded(difference)).key_health is None


def test_two_changes_at_once_have_two_ids_and_two_numbers() -> None:
    """A reader that drops by id or sorts by sequence must lose neither (P3)."""
    pair = compared(Known(), good(ID, "a"), good(ID, "b"), bad(ID, "c"), keys=DISABLED)

    changes = [change for step in pair.steps for change in step.changes]

    assert [change.sequence for change in changes] == [1, 2, 3, 4, 5]
    assert len({change.id for change in changes}) == 5
    assert pair.coverage.sequence == 5


def test_what_changes_of_the_account_itself_stands_in_the_change_of_its_key() -> None:
    """One change, without an additional update."""
    known = known_of(good(ID), keys=HEALTHY)

    difference = compared(known, replace(good(ID), key_name="k2"), at=LATER, keys=DISABLED)

    assert told(difference) == [DEGRADED]
    (step,) = difference.steps
    assert step.changes[0].data["evidence"] == {
        "keySource": "Microsoft.KeyVault",
        "keyName": "k2",
        "keyVersion": "automatic",
        "keyVaultUri": "https://kv-cmk.vault.azure.net/",
    }


DAY: Final = timedelta(days=1)
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
    "another missing action": (
        UNREAD,
        replace(UNREAD, vault=Unread(FORBIDDEN), key=Unread(FORBIDDEN)),
        UPDATED,
    ),
}


@pytest.mark.parametrize(("before", "now", "kind"), SAME_STATE.values(), ids=SAME_STATE)
def test_within_one_state_reasons_decide(before: KeyFacts, now: KeyFacts, kind: str) -> None:
    """A second fault of a broken key is news; a notice and a routine rotation are no alarm."""
    known = known_of(good(ID), keys=before)

    assert told(compared(known, good(ID), at=LATER, keys=now)) == [kind]


def _rotating(at: datetime | None) -> KeyFacts:
    assert isinstance(HEALTHY.key, Key)
    return replace(HEALTHY, key=replace(HEALTHY.key, next_rotation_at=at))


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (None, NOON + 9 * DAY, []),
        (NOON + 9 * DAY, NOON + 9 * DAY, []),
        (NOON + 9 * DAY, NOON + 8 * DAY, [UPDATED]),
        (NOON + 9 * DAY, None, [UPDATED]),
    ],
)
def test_the_next_rotation_is_recorded_and_told_only_if_it_was_known(
    before: datetime | None, now: datetime | None, kinds: list[str]
) -> None:
    """Rows of earlier versions lack it: adding it must not add to every account's history."""
    known = known_of(good(ID), keys=_rotating(before))

    difference = compared(known, good(ID), at=LATER, keys=_rotating(now))
    after = recorded(difference)

    assert told(difference) == kinds
    health = only_finding(after).key_health
    assert health is not None
    assert health.next_rotation_at == now
    assert compared(after, good(ID), at=LATER + HOUR, keys=_rotating(now)).is_empty


DENIED: Final = Unread(FORBIDDEN)
KEY_ID: Final = f"{VAULT}/keys/cmk"
PINNED: Final = replace(good(ID), key_version="v1")
USERLESS: Final = replace(good(ID), principal_id=None)
OUT_OF_SIGHT: Final[dict[str, tuple[Account, KeyFacts, KeyFacts, str]]] = {
    "the vault too": (
        good(ID),
        replace(UNPROTECTED, scopes=DENIED),
        replace(UNREAD, key=None, scopes=DENIED),
        DEGRADED,
    ),
    "a broken key": (
        USERLESS,
        replace(DISABLED, scopes=DENIED),
        replace(HEALTHY, key=DENIED, scopes=DENIED),
        DEGRADED,
    ),
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
