"""A change as one line of a chat: what is new where, in nothing but text."""

from typing import Final

import pytest

from cmk_check.alerts.slack_teams_text import format_change, to_line
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.enums import ChangeType, KeyReason
from cmk_check.core.keys.facts import KeyFacts
from cmk_check.core.model import Change
from cmk_check.core.reasons.catalogue import KEY_REASONS
from cmk_check.limits import MAX_CHAT_BROKEN_KEYS_CHARS, MAX_CHAT_LINK_CHARS, MAX_CHAT_REASON_CHARS
from tests.fakes.keys import BOTH, DISABLED, HEALTHY, UNPROTECTED, UNREAD, with_version
from tests.fakes.world import good
from tests.unit.core.examples import HOUR, ID, NOON, compared, known_of

PORTAL: Final = "https://portal.azure.com"


def change(kind: ChangeType = ChangeType.SCAN_BASELINE, **data: object) -> Change:
    """Return a change of a scan."""
    return Change("id", kind, NOON, "/scans/s", "/scans/s", data)


def details(change: Change) -> str:
    """Return what a line says after the name of the scan or of the account."""
    said = format_change(change, PORTAL).details
    return said.removeprefix("scan s; ").removeprefix(f"chat (OpenAI) in Production ({ID}); ")


def test_every_type_has_words_of_its_own() -> None:
    """A type without them would be shown by its code."""
    titles = {format_change(change(kind), PORTAL).title for kind in ChangeType}

    assert len(titles) == len(ChangeType)
    assert all(" " in title for title in titles)


WEB: Final = {"value": "web"}
DATA: Final = {"value": "data"}
EXCEPTION: Final = {
    "id": "/subscriptions/s/providers/microsoft.authorization/policyexemptions/e",
    "category": "Waiver",
    "displayName": "Pilot",
    "expiresOn": "2027-01-31T00:00:00Z",
}
COUNTS: Final = {"total": 7, "compliant": 1, "nonCompliant": 4, "unknown": 2}
COUNTED: Final = (
    "4 of 7 accounts are not encrypted with a customer-managed key, 2 could not be judged"
)
SUMS: Final = {"broken": 1, "atRisk": 2, "unknown": 3, "healthy": 4}
GAP: Final = {"coverage": "gap", "reason": "forbidden", "missingAction": "a/b/read"}
type Data = dict[str, object]
LINES: Final[dict[str, tuple[ChangeType, Data, str]]] = {
    "removed": (
        ChangeType.ACCOUNT_REMOVED,
        {"before": {"verdict": "unknown"}, "removed": "gone"},
        "unknown -> removed (gone)",
    ),
    "a gap": (
        ChangeType.COVERAGE_LOST,
        {"before": {"coverage": "read"}, "after": GAP},
        "read -> gap; forbidden, missing a/b/read",
    ),
    "a long reason, which says what to do and has more room than a name": (
        ChangeType.SCAN_FAILED,
        {"reason": "r" * 300},
        "r" * (MAX_CHAT_REASON_CHARS - 1) + "\u2026",
    ),
    "counts with gaps": (
        ChangeType.SCAN_BASELINE,
        {"accounts": COUNTS, "subscriptions": {"total": 3, "read": 1, "gap": 2}},
        f"{COUNTED}; 2 of 3 subscriptions could not be read",
    ),
    "counts without gaps": (
        ChangeType.SCAN_BASELINE,
        {"accounts": COUNTS, "subscriptions": {"gap": 0}, "keys": SUMS},
        f"{COUNTED}; keys of compliant accounts: 1 broken, 2 at risk, 3 unknown, 4 healthy",
    ),
    "no accounts, where zero of zero would be good news": (
        ChangeType.SCAN_BASELINE,
        {
            "accounts": {"total": 0, "nonCompliant": 0, "unknown": 0},
            "subscriptions": {"total": 3, "read": 3, "gap": 0},
        },
        "nothing to judge: 3 of 3 subscriptions read, without an account of a kind in scope",
    ),
    "no owner any more": (
        ChangeType.ACCOUNT_UPDATED,
        {"owner": None, "previousOwner": DATA},
        "owner: none, before: data",
    ),
    "no owner before": (
        ChangeType.ACCOUNT_UPDATED,
        {"owner": WEB, "previousOwner": None},
        "owner: web, before: none",
    ),
    "another kind": (
        ChangeType.ACCOUNT_KIND_CHANGED,
        {"before": {"kind": "OpenAI"}, "after": {"kind": "AIServices"}},
        "kind OpenAI -> AIServices",
    ),
    "an exception": (
        ChangeType.EXCEPTION_STARTED,
        {"exception": EXCEPTION},
        "Waiver Pilot, until 2027-01-31T00:00:00Z",
    ),
    "an exception that has ended": (
        ChangeType.EXCEPTION_STARTED,
        {"exception": {"id": EXCEPTION["id"]}, "ended": "expired"},
        "Exemption e, ended: expired",
    ),
}


@pytest.mark.parametrize(("kind", "data", "said"), LINES.values(), ids=LINES)
def test_a_line_says_what_is_new(kind: ChangeType, data: Data, said: str) -> None:
    """The alert must be clear without opening anything."""
    assert details(change(kind, **data)) == said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "chat", "kind": None}, "chat (no kind) in 8d3c"),
        ({"subscriptionName": "Lab"}, "subscription Lab (8d3c)"),
        ({}, "subscription 8d3c"),
    ],
)
def test_a_line_begins_with_what_it_is_about(data: Data, said: str) -> None:
    """With all available names, and always with an id."""
    place = "/subscriptions/8d3c"
    account = Change("id", ChangeType.ACCOUNT_UPDATED, NOON, place, place, data)

    assert format_change(account, PORTAL).details.split("; ")[0] == said


def test_a_line_that_was_overtaken_says_so_and_what_holds_since() -> None:
    """Otherwise the last line about an account would seem to be its current state."""
    later = {"type": ChangeType.ACCOUNT_VIOLATED.value, "time": "2026-11-25T13:00:05Z"}

    said = format_change(change(ChangeType.ACCOUNT_RESOLVED, overtakenBy=later), PORTAL)

    assert said.title == "Out of date: Account now encrypted with a customer-managed key"
    since = "Account not encrypted with a customer-managed key (2026-11-25T13:00:05Z)"
    assert said.details.startswith(f"since then: {since}; ")


@pytest.mark.parametrize(("length", "kept"), [(MAX_CHAT_LINK_CHARS, 1), (901, 0)])
def test_a_link_is_whole_or_left_out(length: int, kept: int) -> None:
    """Part of a link is useless."""
    url = "https://app.test/".ljust(length, "u")

    assert len(format_change(change(statusUrl=url), PORTAL).links) == kept
    # JSON may hold half a character, and no URL can (P7).
    assert (
        format_change(change(statusUrl="https://a.b/\ud800"), PORTAL).links[0][1] == "https://a.b/?"
    )


def test_a_test_alert_says_so_first_p10() -> None:
    """A test must not look like a real alert or the reverse; no name can fake the mark."""
    real = change(name="TEST", tags={"test": True})

    assert format_change(change(test=True), PORTAL).title.startswith("TEST, not a real change")
    assert not format_change(real, PORTAL).title.startswith("TEST")


def test_a_long_value_is_cut_and_says_so() -> None:
    """A name that looks whole but is not leads to the wrong account."""
    assert to_line("x" * 65) == "x" * 63 + "\u2026"
    assert to_line("x" * 64) == "x" * 64


def told(before: KeyFacts | None, now: KeyFacts) -> Change:
    """Return the change of a key with these facts before and after."""
    difference = compared(known_of(good(ID), keys=before), good(ID), at=NOON + HOUR, keys=now)
    (step,) = difference.steps
    return step.changes[-1]


OFF: Final = KEY_REASONS[KeyReason.KEY_DISABLED].text().rstrip(".")
OPEN_TO_PURGE: Final = KEY_REASONS[KeyReason.VAULT_PURGE_PROTECTION_OFF].text().rstrip(".")
KEYS: Final[dict[str, tuple[KeyFacts | None, KeyFacts, str]]] = {
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


@pytest.mark.parametrize(("before", "now", "said"), KEYS.values(), ids=KEYS)
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
        ({"before": "x", "key": {"reasons": [REASON]}}, "; It is off"),
        ({"before": {"keyReasons": "x"}, "key": {"reasons": [REASON]}}, "; It is off"),
        ({"key": {"reasons": "x", "keyId": 7}}, ""),
        ({"key": {"reasons": ["x"]}}, ""),
    ],
)
def test_a_key_of_another_shape_costs_only_its_words(data: dict[str, object], said: str) -> None:
    """The feed may hold changes of a newer version, and a key may be new (P7)."""
    odd = Change("id", ChangeType.KEY_DEGRADED, NOON, f"/subscriptions/{ID}", "/a", data)

    assert format_change(odd, PORTAL).details == f"subscription {ID}{said}"


USUAL: Final = {"accountId": "/accounts/chat", "reasons": list[str]()}


def _first_scan(keys: object, **counts: object) -> str:
    """Return the details about keys in the line of a first scan."""
    sums: dict[str, object] = {"healthy": 0, "atRisk": 0, "broken": 0, "unknown": 0} | counts
    return details(change(keys=sums, brokenKeys=keys))


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
        (["x", {"accountId": 7, "reasons": "x"}, USUAL], 2, "; broken: chat () and 1 more"),
        ([USUAL], None, "; broken: chat ()"),
        ("x", 1, "1 broken, 0 at risk, 0 unknown, 0 healthy"),
    ],
)
def test_a_broken_key_of_another_shape_costs_only_its_name(
    keys: object, count: object, said: str
) -> None:
    """The feed may hold changes of a newer version (P7)."""
    assert _first_scan(keys, broken=count).endswith(said)


@pytest.mark.parametrize("kind", KEY_HEALTH.changes)
def test_a_change_without_reasons_says_its_state(kind: ChangeType) -> None:
    """A newer version may write others."""
    sides = {"before": {"keyHealth": "good"}, "after": {"keyHealth": "bad"}}

    assert details(change(kind, **sides)) == "good -> bad"
