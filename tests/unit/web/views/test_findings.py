"""The list of findings: everything once, in order, and as old as it really is."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from cmk_check.core.enums import CoverageState, Reason, Verdict
from cmk_check.core.model import Transition
from tests.unit.web.api_kit import (
    LAB,
    NOON,
    Served,
    as_served,
    counted,
    coverage,
    finding,
    status_of,
)
from tests.unit.web.asgi_client import send

FINDINGS = "/api/v1/findings"


async def test_findings_come_by_subscription_group_and_name(empty: Served) -> None:
    """Pages fit together only if their order is the same."""
    mine = [finding(name, group=group) for name, group in [("b", "B"), ("C", "a"), ("a", "a")]]
    await empty.put(coverage(), mine)
    await empty.put(coverage(subscription_id=LAB), [finding("z", subscription_id=LAB)])

    assert (await send(empty.app(), FINDINGS)).names == ["z", "a", "C", "b"]


async def test_a_next_link_repeats_the_filters_but_never_the_key(empty: Served) -> None:
    """Links end up in logs; and the second page of a filtered list must also be filtered."""
    asked = (
        f"verdict=non_compliant&reason=microsoft_managed_key&kind=OpenAI&location=West+Europe"
        f"&subscription={LAB}&q=emea+r%26e&top=1&format=json"
    )
    found = [finding(name, group="r&e", subscription_id=LAB) for name in ("b", "c")]
    await empty.put(coverage(subscription_id=LAB, name="EMEA"), found)

    answer = await send(empty.app(), f"{FINDINGS}?{asked}&code=s3cret")

    link = urlsplit(answer.json["nextLink"])
    assert (link.scheme, link.netloc, link.path) == ("https", "cmk.example", FINDINGS)
    asked_again = parse_qs(link.query)
    assert asked_again.pop("skipToken")
    assert asked_again == parse_qs(asked)


@pytest.mark.parametrize(
    ("hostname", "host", "origin"),
    [
        ("func-cmk.azurewebsites.net", "evil.example", "https://func-cmk.azurewebsites.net"),
        (None, "127.0.0.1:7071", "http://127.0.0.1:7071"),
        (None, "[::1]:7071", "https://[::1]:7071"),
        (None, 'evil"><script>', ""),
        (None, "user@evil.example", ""),
        (None, "evil.example/path?", ""),
    ],
)
async def test_a_next_link_leads_to_this_app(
    served: Served, hostname: str | None, host: str, origin: str
) -> None:
    """A made-up Host header must not send a client with its key elsewhere in an odd shape."""
    app = served.app(as_served(hostname=hostname))

    answer = await send(app, f"{FINDINGS}?top=1", {"host": host})

    assert answer.json["nextLink"].startswith(f"{origin}{FINDINGS}?")


@pytest.mark.parametrize("is_counted", [True, False], ids=["scanned", "first scan running"])
async def test_a_kind_is_found_however_settings_and_azure_spell_it(
    empty: Served, *, is_counted: bool
) -> None:
    """An empty or partial list would seem to be complete."""
    kinds = {"a": "OpenAI", "b": "AIServices", "c": "oPENai"}
    mine = [finding(name, kind=kind) for name, kind in kinds.items()]
    row = coverage(accounts=counted(mine))
    await empty.put(row, mine)
    if is_counted:
        await empty.put_status(status_of(row))
    app = empty.app(as_served(kinds=("openai", "aiservices")))

    assert (await send(app, f"{FINDINGS}?kind=OPENAI")).names == ["a", "c"]
    assert (await send(app, f"{FINDINGS}?kind=AISERVICES")).names == ["b"]


@pytest.mark.parametrize(
    ("state", "scan_id", "as_of"),
    [
        (CoverageState.READ, "20261125T123000Z-0a1b", "2026-11-25T12:30:00Z"),
        (CoverageState.READ, "20261125T113000Z-0a1b", "2026-11-25T12:00:00Z"),
        (CoverageState.READ, "20261125T140000Z-0a1b", "2026-11-25T12:00:00Z"),
        (CoverageState.READ, "no scan", "2026-11-25T12:00:00Z"),
        # P1: a subscription out of reach since days must not look checked today.
        (CoverageState.GAP, "20261125T123000Z-0a1b", "2026-11-22T12:00:00Z"),
        (CoverageState.EXCLUDED, "no scan", "2026-11-22T12:00:00Z"),
        (CoverageState.PENDING, "no scan", "2026-11-22T12:00:00Z"),
        (CoverageState.RETIRED, "no scan", "2026-11-25T12:00:00Z"),
    ],
)
async def test_p1_a_finding_is_never_newer_than_the_reading_that_it_rests_on(
    empty: Served, state: CoverageState, scan_id: str, as_of: str
) -> None:
    """Evidence must not date a verdict before the read that found it, or after the last read."""
    read = Transition(NOON, Verdict.COMPLIANT, Reason.CUSTOMER_MANAGED_KEY, scan_id)
    fixed = replace(finding("fixed", Verdict.COMPLIANT), history=(read,))
    row = coverage(state)
    await empty.put(row, [fixed])
    await empty.put_status(status_of(row))
    empty.clock.time = NOON + timedelta(hours=1)

    (shown,) = (await send(empty.app(), f"{FINDINGS}?q=fixed")).found

    assert (shown["asOf"], shown["coverage"]) == (as_of, state.value)
