"""Owners: who is responsible for which accounts, in lists, filters and sums."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from cmk_check.core.enums import CoverageState, KeyState, Verdict
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.model import Finding
from cmk_check.core.owner import UNOWNED, Owner
from cmk_check.ports import Table
from cmk_check.store import table_keys
from cmk_check.store.findings import FindingsTable
from cmk_check.store.scan_rows import Lease
from cmk_check.web.http.refusals import RequestRefused
from cmk_check.web.parameters import OwnersQuery
from cmk_check.web.views.owners import OwnersView
from tests.fakes.hostile import NAMES
from tests.unit.accepted import check_accepted
from tests.unit.web.api_kit import (
    AS_SERVED,
    EARLIER,
    GOLDEN,
    LAB,
    NOON,
    PRODUCTION,
    Served,
    as_served,
    coverage,
    finding,
    recorded,
)
from tests.unit.web.asgi_client import follow, send

FINDINGS, OWNERS = "/api/v1/findings", "/api/v1/owners"
# Capital Cyrillic Es and Latin C look alike.
LOOKALIKES = ("Chat", "\u0421hat", "chat", "Chat\n", "chat\n")


def _of(owner: str | None, name: str, verdict: Verdict = Verdict.NON_COMPLIANT) -> Finding:
    known = UNOWNED if owner is None else Owner(owner, "account")
    return replace(finding(name, verdict), owner=known)


async def _names(served: Served, query: str) -> list[str]:
    return (await send(served.app(), f"{FINDINGS}?{query}")).names


async def test_findings_are_filtered_by_owner_exactly() -> None:
    """A tag must not put an account into another owner's list."""
    served = await recorded(*(_of(owner, f"a{place}") for place, owner in enumerate(LOOKALIKES)))

    found = [await _names(served, f"owner={quote(owner)}") for owner in LOOKALIKES]

    assert found == [[f"a{place}"] for place in range(len(LOOKALIKES))]
    assert await _names(served, "owner=nobody") == []
    # The tag "unowned" is an ordinary owner.
    served = await recorded(_of("unowned", "a"), _of(None, "b"))
    assert await _names(served, "unowned=true") == ["b"]
    assert await _names(served, "owner=unowned") == ["a"]


@pytest.mark.parametrize("name", [*NAMES, "a\nb\tc", "'; --", "=1+1"])
async def test_a_hostile_owner_is_found_and_listed_as_text(name: str) -> None:
    """Owners are untrusted text: in a filter, a sum and a token."""
    served = await recorded(_of(name, "a"), _of("zz" + name, "b"), _of(None, "c"))

    pages = await follow(served.app(), f"{OWNERS}?top=1")

    assert await _names(served, f"owner={quote(name)}") == ["a"]
    assert [page.found[0]["owner"] for page in pages] == [None, *sorted([name, "zz" + name])]


async def test_owners_come_with_their_sums_and_the_oldest_violation() -> None:
    """It shows whom to contact first, and how many verdicts are only the last known ones."""
    broken = KeyHealth(KeyState.BROKEN)
    served = await recorded(
        replace(_of("ai", "a"), violated_since=EARLIER),
        replace(_of("ai", "b"), violated_since=EARLIER + timedelta(hours=1)),
        replace(_of("ai", "c", Verdict.COMPLIANT), key_health=broken),
        _of(None, "d", Verdict.UNKNOWN),
    )
    theirs = replace(finding("e", subscription_id=LAB), owner=Owner("ai", "subscription"))
    await served.put(coverage(CoverageState.GAP, LAB), [theirs])

    check_accepted(GOLDEN / "owners.json", (await send(served.app(), OWNERS)).found)
    without_keys = OwnersView(FindingsTable(served.store), served.scans, key_health=False)
    assert {each.keys for each in (await without_keys.page(OwnersQuery())).value} == {None}


async def test_a_part_is_never_shown_as_the_sum() -> None:
    """An owner would be shown with fewer violations than there are."""
    served = await recorded(_of("ai", "a"), _of("ai", "b"))
    await served.change(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE, owners=None)
    view = OwnersView(FindingsTable(served.store), served.scans, key_health=True, most=1)

    with pytest.raises(RequestRefused, match=r"at most 1 .*, use /api/v1/findings\?owner="):
        await view.page(OwnersQuery())
    assert len((await replace(view, most=2).page(OwnersQuery())).value) == 1


async def test_metrics_count_owners_unless_none_is_kept(served: Served) -> None:
    """An alert on accounts without an owner must not fire if owners are off."""
    kept, dropped = [
        (await send(served.app(settings), "/api/v1/metrics")).body
        for settings in (AS_SERVED, as_served(owner_tags=()))
    ]

    assert b"cmkcheck_owners 1.0" in kept
    assert b"cmkcheck_accounts_unowned 0.0" in kept
    assert b"owne" not in dropped


async def test_p1_no_sum_hides_what_a_late_worker_has_recorded() -> None:
    """A scan that was closed as failed has no lease, and its workers may still write."""
    served = await recorded(_of("a", "one"))
    await served.scans.commit(lease=(Lease("", 1, NOON), None))
    app = served.app()
    before = await send(app, OWNERS)
    other = replace(finding("two", subscription_id=LAB), owner=Owner("b", "account"))
    await served.put(coverage(subscription_id=LAB), [other])

    after = await send(app, OWNERS)

    assert [each["owner"] for each in before.found] == ["a"]
    assert [each["owner"] for each in after.found] == ["a", "b"]
