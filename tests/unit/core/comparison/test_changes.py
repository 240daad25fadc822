"""The CloudEvents of changes, which others parse."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cmk_check.core.account import Account, Evidence, Reading
from cmk_check.core.aspects.aspect import Occasion
from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.cloudevents import to_cloudevent
from cmk_check.core.comparison import changes
from cmk_check.core.comparison.updates import Known
from cmk_check.core.enums import ChangeType, KeyReason, KeySeverity, KeyState
from cmk_check.core.keys.facts import Key
from cmk_check.core.keys.key_health import BrokenKey, KeyConcern, KeyHealth
from cmk_check.core.model import AccountCounts, Change, VerdictCounts
from cmk_check.core.resource_id import AccountId
from cmk_check.core.status import SubscriptionCounts, Summary
from cmk_check.limits import MAX_ACCOUNT_NAME_CHARS, MAX_BROKEN_KEY_REASONS, MAX_BROKEN_KEYS_LISTED
from cmk_check.ports import Insert
from cmk_check.store import codec, table_checks
from tests.fakes.keys import HEALTHY, expiring
from tests.fakes.world import bad, good
from tests.unit.accepted import check_accepted
from tests.unit.core.examples import (
    HOUR,
    ID,
    NOON,
    SUBSCRIPTION,
    compared,
    compared_reading,
    context,
    known_of,
)

HOST = "cmk.example.net"


def told(known: Known, account: Account, hostname: str | None = HOST) -> Change:
    """Return the change that a scan of this account causes."""
    scan = context(NOON + HOUR, hostname=hostname)
    (step,) = compared_reading(known, Reading((account,)), scan).steps
    return step.changes[0]


def _examples() -> dict[str, Change]:
    """Return one change of each shape."""
    full = replace(
        good(ID),
        tags={"owner": "ai-platform"},
        owner="ai-platform",
        key_version="7",
        identity_type="UserAssigned",
        identity_client_id="client",
        provisioning_state="Succeeded",
        created_at="2026-03-19T21:34:59Z",
    )
    facts = expiring(NOON + 48 * HOUR)
    assert isinstance(facts.key, Key)
    facts = replace(facts, key=replace(facts.key, next_rotation_at=NOON + 48 * HOUR))
    known = known_of(replace(good(ID), key_version=None), keys=HEALTHY)
    counts = {"OpenAI": VerdictCounts(2, 3, 1), "AIServices": VerdictCounts(1)}
    accounts = AccountCounts(counts, by_key_health={"broken": 1, "healthy": 1})
    broken = (BrokenKey("/a/chat", (KeyReason.KEY_DISABLED,)),)
    sums = Summary(accounts, SubscriptionCounts(read=2, gap=1), broken_keys=broken)
    why = "The list is empty."
    return {
        "account": told(known_of(replace(bad(ID), owner="ai-platform")), full),
        "key": compared(known, replace(good(ID), key_version=None), at=NOON + HOUR, keys=facts)
        .steps[0]
        .changes[0],
        "removal": compared_reading(known_of(bad(ID)), Reading()).steps[0].changes[0],
        "scan": changes.of_scan(ChangeType.SCAN_FAILED, "scan-1", NOON, "id-1", why),
        "first scan": changes.of_baseline("scan-1", NOON, "id-1", sums, HOST),
        "first scan on a laptop": changes.of_baseline("scan-1", NOON, "id-1", sums, None),
    }


def test_changes_have_the_form_that_was_accepted() -> None:
    """Logic Apps and other webhooks read these fields, and nobody can look up what was removed."""
    examples = _examples().items()
    events = {name: to_cloudevent(replace(change, id="id-1")) for name, change in examples}

    check_accepted(Path(__file__).with_name("changes.json"), events)


@pytest.mark.parametrize(
    ("name", "has_link"),
    [("Chat.Bot_2-x", True), ("süd(2)", True), *((name, False) for name in ("a%0d", "a;b", ".."))],
)
def test_only_names_that_azure_allows_have_a_link(name: str, *, has_link: bool) -> None:
    """With any other character or host, a link could lead to another account or nowhere."""
    assert ("findingUrl" in told(Known(), bad(ID, name)).data) is has_link
    assert "findingUrl" not in told(Known(), bad(ID, name), hostname=None).data


def test_long_evidence_is_cut_to_what_a_message_carries() -> None:
    """A change too large for a message would block all later ones."""
    change = told(Known(), replace(good(ID), key_name="k" * 5_000))

    evidence = change.data["evidence"]
    assert isinstance(evidence, dict)
    assert evidence["keyName"] == "k" * 512


def test_the_largest_change_of_a_key_still_fits_into_a_row_and_a_message() -> None:
    """A change that cannot be stored would stop the scan of its subscription (P7)."""
    # Two characters each in JSON; what is read of an account has 1,024 bytes in a text at most.
    wide, reasons = '"' * 1024, list(KeyReason)
    concerns = [KeyConcern(KeyReason.CANNOT_READ, KeySeverity.UNKNOWN, wide * 4, {"a": wide})]
    concerns += [
        KeyConcern(code, KeySeverity.BROKEN, "m" * 400, {"a": wide}) for code in reasons[:20]
    ]
    health = KeyHealth(KeyState.BROKEN, tuple(concerns), None, NOON, *[wide] * 4)
    (finding,) = known_of(good(ID)).findings.values()
    finding = replace(
        finding,
        tags={f"tag-{number:x<60}": wide[:256] for number in range(20)},
        location=wide[:128],
        judgement=replace(finding.judgement, evidence=Evidence(*[wide] * 7)),
    )
    changed = replace(finding, key_health=health)
    named = replace(SUBSCRIPTION, name=wide)

    _, news = KEY_HEALTH.list_news(finding, changed, changed, Occasion(NOON))
    scan = context(NOON, hostname=HOST)
    (change,) = changes.of_account(news, finding, changed, named, scan)

    key = change.data["key"]
    assert isinstance(key, dict)
    assert len(key["reasons"]) == 10
    table_checks.check([Insert("row", codec.encode_change(change))], ID)
    assert len(json.dumps(to_cloudevent(change), ensure_ascii=False).encode()) < 48_000


def test_the_longest_names_of_broken_keys_fit_into_a_row() -> None:
    """A first scan whose report cannot be written would never finish."""
    name, group = "x" * MAX_ACCOUNT_NAME_CHARS, "\u20ac" * 90
    account = AccountId.parse(
        f"/subscriptions/{ID}/resourceGroups/{group}"
        f"/providers/Microsoft.CognitiveServices/accounts/{name}"
    )
    longest = sorted(KeyReason, key=len)[-MAX_BROKEN_KEY_REASONS:]
    assert account
    summary = Summary(
        broken_keys=(BrokenKey(str(account), tuple(longest)),) * MAX_BROKEN_KEYS_LISTED
    )

    change = changes.of_baseline("scan-1", NOON, "id-1", summary, HOST)

    table_checks.check([Insert("row", codec.encode_change(change))], ID)


def test_an_event_leaves_its_change_as_it_was() -> None:
    """The same change is told to several, and published again after a crash."""
    data = {"name": "a"}

    to_cloudevent(Change("id-1", ChangeType.ACCOUNT_UPDATED, NOON, "/s", "/s/a", data, 4))

    assert data == {"name": "a"}
