"""Alerts of keys and data stores: what is wrong with which, in one line of nothing but text."""

from dataclasses import replace
from typing import Final

import pytest

from cmk_check.alerts.slack_teams_text import line_of
from cmk_check.core.account import Reading
from cmk_check.core.aspects import ASPECTS
from cmk_check.core.aspects.due_dates import DUE
from cmk_check.core.aspects.exceptions import EXCEPTION
from cmk_check.core.comparison.changes import of_baseline
from cmk_check.core.data_stores.account_data import AccountData, DataConcern, DataStore
from cmk_check.core.enums import ChangeType, DataReason, DataState, KeyReason, StoreState, StoreType
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.model import AccountCounts, Change, VerdictCounts
from cmk_check.core.reasons.catalogue import KEY_REASONS
from cmk_check.core.status import Summary
from cmk_check.limits import MAX_CHAT_BROKEN_KEYS_CHARS
from tests.fakes.keys import (
    BOTH,
    DISABLED,
    HEALTHY,
    UNPROTECTED,
    UNREAD,
    with_version,
)
from tests.fakes.world import good
from tests.unit.core.examples import HOUR, ID, NOON, compared, compared_reading, known_of, recorded

PORTAL: Final = "https://portal.azure.com"


def told(before: KeyFacts | None, now: KeyFacts) -> Change:
    """Return the change of a key with these facts before and after."""
    difference = compared(known_of(good(ID), keys=before), good(ID), at=NOON + HOUR, keys=now)
    (step,) = difference.steps
    return step.changes[-1]


def details(change: Change) -> str:
    """Return the line's details about the key, after the name of the account."""
    said = line_of(change, PORTAL).details
    return said.removeprefix(f"chat (OpenAI) in Production ({ID}); ")


OFF: Final = KEY_REASONS[KeyReason.KEY_DISABLED].text().rstrip(".")
OPEN_TO_PURGE: Final = KEY_REASONS[KeyReason.VAULT_PURGE_PROTECTION_OFF].text().rstrip(".")
LINES: Final[dict[str, tuple[KeyFacts | None, KeyFacts, str]]] = {
    "broken": (HEALTHY, DISABLED, f"healthy -> broken; {OFF}"),
    "never looked at": (None, UNPROTECTED, f"new -> at_risk; {OPEN_TO_PURGE}"),
    "what is new comes first": (
        DISABLED,
        BOTH,
        f"broken -> broken; {OPEN_TO_PURGE}; also key_disabled",
    ),
    "the worst comes first": (
        HEALTHY,
        BOTH,
        f"healthy -> broken; {OFF}; also vault_purge_protection_off",
    ),
    "well again, a notice left": (DISABLED, with_version(size=4096), "broken -> healthy"),
}


@pytest.mark.parametrize(("before", "now", "said"), LINES.values(), ids=LINES)
def test_a_line_says_what_is_wrong_with_which_key(
    before: KeyFacts | None, now: KeyFacts, said: str
) -> None:
    """The alert must be clear without opening anything."""
    assert details(told(before, now)) == f"{said}; key cmk in vault kv-cmk"


def test_a_key_that_cannot_be_read_says_what_to_do() -> None:
    """The sentence about it follows a fixed one (P11)."""
    said = details(told(HEALTHY, UNREAD))

    assert said.startswith("healthy -> unknown; ")
    assert "Assign the role" in said
    assert said.endswith("; vault kv-cmk")


REASON: Final = {"code": "x", "severity": "error", "message": "It is off."}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        *(
            ({"before": before, "key": {"reasons": [REASON]}}, "; It is off")
            for before in (None, "x", {"keyReasons": "x"}, {"verdict": "compliant"})
        ),
        ({"key": {}}, ""),
        ({"key": {"reasons": "x", "keyId": 7}}, ""),
        ({"key": {"reasons": ["x"]}}, ""),
    ],
)
def test_a_key_of_another_shape_costs_only_its_words(data: dict[str, object], said: str) -> None:
    """The feed may hold changes of a newer version, and a key may be new (P7)."""
    odd = Change("id", ChangeType.KEY_DEGRADED, NOON, f"/subscriptions/{ID}", "/a", data)

    assert line_of(odd, PORTAL).details == f"subscription {ID}{said}"


USUAL: Final = {"accountId": "/accounts/chat", "reasons": list[str]()}


def _first_scan(keys: object, **counts: object) -> str:
    """Return the details about keys in the line of a first scan."""
    sums: dict[str, object] = {"healthy": 0, "atRisk": 0, "broken": 0, "unknown": 0} | counts
    data: dict[str, object] = {"keys": sums, "brokenKeys": keys}
    change = Change("id", ChangeType.SCAN_BASELINE, NOON, "/scans/s", "/scans/s", data)
    return line_of(change, PORTAL).details.removeprefix("scan s; ")


def test_the_first_scan_names_each_broken_key_with_its_reasons() -> None:
    """There is no other alert of it."""
    codes = ["key_disabled", "identity_missing"]
    keys = [{"accountId": "/accounts/chat", "reasons": codes}, {"accountId": "/a/b", "reasons": []}]

    said = _first_scan(keys, healthy=3, broken=2, unknown=1)

    assert said == (
        "keys of compliant accounts: 2 broken, 0 at risk, 1 unknown, 3 healthy; "
        "broken: chat (key_disabled, identity_missing), b ()"
    )


def test_broken_keys_fill_the_room_that_there_is() -> None:
    """The last one fits exactly; keys that do not fit, or are not listed, are counted."""
    fits = {"accountId": f"/accounts/{'x' * 35}", "reasons": ["key_disabled"]}  # of 50 characters
    keys = [fits] * (MAX_CHAT_BROKEN_KEYS_CHARS // 50 + 1)

    said = _first_scan(keys, broken=70)

    assert said.count("key_disabled") == len(keys) - 1
    assert said.endswith(f"(key_disabled) and {70 - len(keys) + 1} more")


@pytest.mark.parametrize(
    ("keys", "count", "said"),
    [
        (["x", {"accountId": 7, "reasons": "x"}, USUAL], 3, "; broken: chat () and 2 more"),
        ([{"accountId": 7, "reasons": "x"}, USUAL], None, "; broken: chat ()"),
        (None, 1, "1 broken, 0 at risk, 0 unknown, 0 healthy"),
        ("x", 1, "1 broken, 0 at risk, 0 unknown, 0 healthy"),
    ],
)
def test_a_broken_key_of_another_shape_costs_only_its_name(
    keys: object, count: object, said: str
) -> None:
    """The feed may hold changes of a newer version (P7)."""
    assert _first_scan(keys, broken=count).endswith(said)


LOST: Final = DataConcern(DataReason.STORE_KEY_LOST, {"stores": "threads"})
BASIC: Final = DataConcern(DataReason.AGENTS_BASIC_SETUP, {"projects": "p"})
REMARK: Final = DataConcern(DataReason.STORED_COMPLETIONS)
STORE: Final = DataStore(StoreType.COSMOS_DB, "/x/threads\u202e", "threads", StoreState.BROKEN)
EXPOSED: Final = AccountData(
    DataState.MAY_BE_MICROSOFT_KEYS, (LOST, BASIC, REMARK), (STORE,), told=("/x/threads",)
)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, each.name)
        for each in ASPECTS
        if each not in {EXCEPTION, DUE}
        for kind in each.changes
    ],
)
def test_a_change_of_any_aspect_says_its_state(kind: ChangeType, name: str) -> None:
    """A new aspect needs no texts here."""
    data = {"before": {name: "good"}, "after": {name: "bad"}}

    assert line_of(Change("id", kind, NOON, "/scans/s", "/a", data), PORTAL).details == (
        "scan s; good -> bad"
    )


def test_a_line_says_the_state_the_worst_reason_and_the_stores() -> None:
    """A person who reads only the chat must know where to look; remarks are no news."""
    known, lines = known_of(good(ID)), []
    for data in (EXPOSED, AccountData(DataState.OWN_KEYS)):
        found = compared_reading(known, Reading((good(ID),)), data={str(good(ID).id): data})
        (change,) = (one for step in found.steps for one in step.changes if ".data." in one.type)
        lines.append(line_of(change, PORTAL))
        known = recorded(found)

    exposed, covered = lines
    assert exposed.title == "Data of an account lacks a usable customer-managed key"
    assert covered.title == "Data of an account no longer lacks a usable customer-managed key"
    message = LOST.message.removesuffix(".")
    told = f"new -> may_be_microsoft_keys; {message}; also agents_basic_setup; stores: threads"
    assert f"; {told}" in exposed.details
    assert "\u202e" not in exposed.details
    assert covered.details.endswith("; may_be_microsoft_keys -> own_keys")


def test_the_first_scan_counts_data_stores_if_it_read_any() -> None:
    """The first scan's results are sent once, as counts."""
    counts = AccountCounts({"OpenAI": VerdictCounts(2)}, by_data_state={"microsoft_keys": 1})
    said = "data stores of accounts: 1 under Microsoft's keys, 0 perhaps, 1 unknown"

    told = [
        said in line_of(of_baseline("s", NOON, "id", Summary(each), None), PORTAL).details
        for each in (counts, replace(counts, by_data_state={}))
    ]

    assert told == [True, False]
