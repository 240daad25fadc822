"""Changes as they are told: the CloudEvents data that others parse."""

from dataclasses import replace

from cmk_check.core import changes
from cmk_check.core.compare import compare
from cmk_check.core.difference import Known
from cmk_check.core.model import (
    Account,
    AccountCounts,
    Change,
    Reading,
    Subscription,
    SubscriptionCounts,
    Summary,
    VerdictCounts,
)
from cmk_check.core.words import ChangeType
from tests.fakes.world import bad, good
from tests.unit.core.examples import HOUR, ID, NOON, SUBSCRIPTION, context, known_of

HOST = "cmk.example.net"


def told(known: Known, account: Account, hostname: str | None = HOST) -> Change:
    """Return the change that this account brings."""
    scan = context(NOON + HOUR, hostname=hostname)
    (step,) = compare(known, SUBSCRIPTION, Reading((account,)), scan).steps
    return step.change


def test_a_change_has_the_documented_shape() -> None:
    """Logic apps and webhooks of others read these fields."""
    now = replace(bad(ID), tags={"owner": "ai-platform"})

    change = told(known_of(good(ID)), now)

    assert change.source == f"/subscriptions/{ID}"
    assert change.subject == str(now.id)
    assert change.data == {
        "name": "chat",
        "kind": "OpenAI",
        "location": "westeurope",
        "subscriptionName": "Production",
        "tenantId": "tenant",
        "tags": {"owner": "ai-platform"},
        "before": {"verdict": "compliant", "reason": "customer_managed_key"},
        "after": {"verdict": "non_compliant", "reason": "microsoft_managed_key"},
        "evidence": {"keySource": "Microsoft.CognitiveServices"},
        "scanId": context(NOON + HOUR).scan_id,
        "ruleVersion": "1",
        "baseline": False,
        "findingUrl": f"https://{HOST}/api/v1/findings{now.id}",
    }


def test_every_change_has_an_id_of_its_own() -> None:
    """Consumers drop what they have seen by its id."""
    pair = Reading((bad(ID, "a"), bad(ID, "b")))

    steps = compare(Known(), SUBSCRIPTION, pair, context()).steps

    assert len({step.change.id for step in steps}) == 2


def test_without_a_host_name_there_is_no_link() -> None:
    """A link to nowhere is worse than none."""
    assert "findingUrl" not in told(Known(), bad(ID), hostname=None).data


def test_a_subscription_without_a_name_says_so() -> None:
    """Absent and null are one thing to a reader only if it is always there."""
    scan = context()
    (step,) = compare(Known(), Subscription(ID), Reading((bad(ID),)), scan).steps

    assert step.change.data["subscriptionName"] is None
    assert step.change.data["tenantId"] is None


def test_long_evidence_is_cut_to_what_a_message_carries() -> None:
    """A change that fits into no message would stop those behind it."""
    change = told(Known(), replace(good(ID), key_name="k" * 5_000))

    evidence = change.data["evidence"]
    assert isinstance(evidence, dict)
    assert evidence["keyName"] == "k" * 1024


def test_a_removal_shows_the_account_as_it_was() -> None:
    """It cannot be looked up any more."""
    (step,) = compare(known_of(bad(ID)), SUBSCRIPTION, Reading(), context()).steps

    assert step.change.data["after"] is None
    assert step.change.data["evidence"] == {"keySource": "Microsoft.CognitiveServices"}
    assert step.change.data["name"] == "chat"


def test_a_change_of_the_scan_says_why() -> None:
    """A scan that failed is the one thing that no finding can tell."""
    change = changes.of_scan(ChangeType.SCAN_FAILED, "scan-1", NOON, "id-1", "The list is empty.")

    assert (change.id, change.type, change.time) == ("id-1", ChangeType.SCAN_FAILED, NOON)
    assert change.source == change.subject == "/scans/scan-1"
    assert change.data == {
        "scanId": "scan-1",
        "reason": "The list is empty.",
        "ruleVersion": "1",
        "baseline": False,
    }


def test_the_first_scan_is_told_as_its_sums() -> None:
    """One message with counts and a link, instead of one for each of a thousand accounts."""
    summary = Summary(
        AccountCounts({"OpenAI": VerdictCounts(2, 3, 1), "AIServices": VerdictCounts(1)}),
        SubscriptionCounts(read=2, gap=1),
    )

    change = changes.of_baseline("scan-1", NOON, "id-1", summary, HOST)

    assert (change.id, change.type, change.time) == ("id-1", ChangeType.SCAN_BASELINE, NOON)
    assert change.source == change.subject == "/scans/scan-1"
    assert change.data == {
        "scanId": "scan-1",
        "accounts": {"total": 7, "compliant": 3, "nonCompliant": 3, "unknown": 1},
        "subscriptions": {"total": 3, "read": 2, "gap": 1},
        "ruleVersion": "1",
        "baseline": True,
        "statusUrl": f"https://{HOST}/api/v1/status",
    }
    assert "statusUrl" not in changes.of_baseline("scan-1", NOON, "id-1", summary, None).data
