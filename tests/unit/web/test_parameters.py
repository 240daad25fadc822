"""Parameters of every list: invalid values are refused, and the error lists the valid ones."""

import pytest

from cmk_check.core.aspects import BY_NAME
from cmk_check.store import table_keys
from cmk_check.web import parameters
from cmk_check.web.http.paging import encode_position
from tests.unit.web.api_kit import AS_SERVED, LAB, Served
from tests.unit.web.asgi_client import send

ALLOWED = (
    "verdict, reason, kind, location, subscription, keyHealth, exception, due, "
    "owner, unowned, key, q, top, skipToken, format"
)
ID = "00000000-0000-0000-0000-000000000000"
FINDING = encode_position((LAB, table_keys.finding_row("rg-ai", "chat")))
COVERAGES = "read, gap, excluded, retired, pending"
BOUNDS = "from 1 to 1000"


@pytest.mark.parametrize(
    ("query", "target", "named"),
    [
        ("findings?verdict=Compliant", "verdict", "compliant, non_compliant, unknown"),
        ("findings?format=xlsx&kind=bad", "kind", "OpenAI, AIServices, unknown"),
        ("findings?subscription=lab", "subscription", ID),
        ("findings?top=0", "top", BOUNDS),
        ("findings?top=1001", "top", BOUNDS),
        ("findings?top=1_0", "top", BOUNDS),
        ("findings?top=%D9%A1", "top", BOUNDS),
        ("findings?reason=Malformed", "reason", "row_too_new"),
        ("findings?location=%20", "location", "westeurope"),
        (f"findings?location={'x' * 101}", "location", "100 characters"),
        ("findings?q=%20%1C%C2%A0", "q", "200 characters"),
        (f"findings?q={'x' * 201}", "q", "200 characters"),
        ("findings?format=CSV", "format", "json, csv or xlsx"),
        ("findings?keyHealth=Broken", "keyHealth", "healthy, at_risk, broken, unknown"),
        ("findings?owner=a&unowned=true", "unowned", "owner cannot be used together"),
        ("findings?unowned=false", "unowned", "true"),
        ("findings?owner=%20", "owner", "256 characters"),
        ("findings?key_health=broken", "key_health", ALLOWED),
        ("findings?skip_token=x", "skip_token", ALLOWED),
        ("findings?Verdict=compliant", "Verdict", ALLOWED),
        ("findings?top=1&top=2", "top", "once"),
        ("findings?skipToken=garbled", "skipToken", "nextLink of this list"),
        (f"findings?skipToken={'a' * 2000}", "skipToken", "too long"),
        ("status?subscription=", "subscription", ID),
        (f"status?subscription={LAB}%0A", "subscription", ID),
        ("subscriptions?coverage=Read", "coverage", COVERAGES),
        ("subscriptions?subscription=x", "subscription", "coverage, top, skipToken"),
        # It would begin in the middle of a subscription.
        (f"subscriptions?skipToken={FINDING}", "skipToken", "nextLink of this list"),
        ("owners?skipToken=MDAw", "skipToken", "nextLink of this list"),
        ("keys?skipToken=MDAw", "skipToken", "nextLink of this list"),
        ("keys?vault=x", "vault", "3 to 24 letters"),
        ("keys?key=cmk", "key", "vault.azure.net/keys/<name>"),
        *((f"summary?days={days}", "days", "a whole number from 1 to 92.") for days in ("0", "93")),
        ("scans?state=running", "state", "scope, top, skipToken"),
        ("scans/x?top=1", "top", "takes none"),
        # Of other rows of that table: the lease, and a finding.
        ("scans?skipToken=c2Nhbi9jdXJyZW50", "skipToken", "nextLink of this list"),
        ("scans?skipToken=c2Nhbi9maW5kaW5nfGE=", "skipToken", "nextLink of this list"),
        ("changes?since=", "since", "cursor"),
        ("changes?since=%201", "since", "cursor"),
        ("changes?since=٣", "since", "cursor"),
        (f"changes?since={'1' * 19}", "since", "cursor"),
        ("changes?since=1%0A", "since", "cursor"),
        ("changes?last=1001", "last", BOUNDS),
        ("changes?last=2&since=1", "last", "since"),
        *((f"findings?{name}=", name, "must be") for name in BY_NAME),
    ],
)
async def test_what_is_not_allowed_is_refused_and_what_is_allowed_named(
    served: Served, query: str, target: str, named: str
) -> None:
    """An ignored filter would silently show more or less than requested."""
    answer = await send(served.app(AS_SERVED), f"/api/v1/{query}")

    assert (answer.status, answer.error) == (400, ("InvalidParameter", target))
    assert named in answer.json["error"]["message"]
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("query", [parameters.FindingsQuery, parameters.StatusQuery])
def test_the_id_of_a_subscription_is_lower_cased_p1(query: type[parameters.AnyQuery]) -> None:
    """P1: the status names gaps that no row has by such ids, and compares them as they are."""
    asked = query.model_validate({"subscription": LAB.upper()}).dump_given()

    assert asked == {"subscription": LAB}


@pytest.mark.parametrize("path", ["findings", "status"])
async def test_a_subscription_that_is_not_recorded_is_no_empty_answer(
    served: Served, path: str
) -> None:
    """A mistyped id would seem to have no violations."""
    answer = await send(served.app(), f"/api/v1/{path}?subscription={ID}")

    assert (answer.status, answer.error) == (404, ("NotFound", "subscription"))
