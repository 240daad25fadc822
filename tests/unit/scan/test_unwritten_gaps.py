"""A subscription that a scan cannot write down: no row is dated by that scan (P1)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cmk_check.core.enums import PostureReason
from cmk_check.ports import Table
from cmk_check.store import table_keys
from cmk_check.store.findings import FindingsTable
from cmk_check.store.memory import MemoryStore
from cmk_check.store.scans import ScanTable
from cmk_check.web import parameters
from cmk_check.web.views.findings import FindingsView
from cmk_check.web.views.owners import OwnersView
from cmk_check.web.views.status import StatusView
from cmk_check.web.views.subscriptions import SubscriptionsView
from tests.fakes.faults import Fault, FaultyStore, Place
from tests.fakes.world import bad, good, sub
from tests.unit.scan.scan_world import FORBIDDEN, ONE, THREE, TWO, ScanWorld

HOUR = timedelta(hours=1)


@pytest.fixture
async def estate() -> ScanWorld:
    """Return a program that has found three compliant subscriptions, each with a slice."""
    world = ScanWorld(FaultyStore(MemoryStore()), slice_size=1)
    world.azure_has(good(ONE), good(TWO), good(THREE))
    await world.scan()
    return world


def refuse(world: ScanWorld, *partitions: str) -> None:
    """Let the table refuse all writes to these subscriptions."""
    assert isinstance(world.store, FaultyStore)
    places = [Place("commit", Table.FINDINGS, None, name) for name in partitions]
    world.store.places = dict.fromkeys(places, Fault.NO_ANSWER)


async def scan(world: ScanWorld, *named: str) -> None:
    """Run a scan, of some subscriptions only if they are named, as the host delivers it."""
    for message in await world.planned(named=named):
        await world.deliver_as_the_host_does(message)


async def status_of(world: ScanWorld, name: str) -> dict[str, Any]:
    """Return what the API says of one subscription."""
    context = world.context
    expect = context.options.expectations
    view = StatusView(
        context.findings_table, context.scans, context.clock, expect, key_health=False
    )
    body, _ = await view.read_subscription(name)
    answer: dict[str, Any] = json.loads(body)
    return answer


async def test_p1_what_was_not_written_is_shown_as_not_read_everywhere(estate: ScanWorld) -> None:
    """ONE was read as violated three times, and each answer called it compliant and new."""
    first = (await estate.known_status()).as_of
    estate.read(ONE, bad(ONE))
    refuse(estate, ONE)

    for _ in range(3):
        await scan(estate)

    table, scans = FindingsTable(estate.store), ScanTable(estate.store)
    answer = await status_of(estate, ONE)
    assert (answer["posture"], answer["gaps"][0]["reason"]) == ("unknown", "slice_failed")
    assert answer["asOf"] == (first and f"{first:%Y-%m-%dT%H:%M:%SZ}")
    query = parameters.SubscriptionsQuery(coverage="gap")
    page = await SubscriptionsView(table, scans, estate.clock, key_health=False).page(query)
    (row,) = page.value
    assert (row.subscription_id, row.last_read, row.accounts.unread) == (ONE, first, 1)
    assert row.gap is not None
    assert "rejected every attempt" in (row.gap.detail or "")
    view = FindingsView(table, scans, estate.clock, ("OpenAI",), "https://portal")
    findings = (await view.page(parameters.FindingsQuery())).value
    assert [(each.coverage, each.as_of == first) for each in findings] == [
        ("gap", True),
        ("read", False),
        ("read", False),
    ]
    assert (await status_of(estate, TWO))["posture"] == "compliant"
    one = await view.read_one(findings[0].id)
    assert (one.coverage, one.as_of) == ("gap", first)
    (owner,) = (
        await OwnersView(table, scans, key_health=False).page(parameters.OwnersQuery())
    ).value
    assert (owner.accounts.compliant, owner.unread) == (3, 1)


@pytest.mark.parametrize("account", [good, bad], ids=["good", "bad"])
async def test_a_partial_scan_that_records_it_ends_the_gap(
    estate: ScanWorld, account: Callable[[str], Any]
) -> None:
    """So does an estate: it must not stay unknown without a gap until the next full scan."""
    estate.read(ONE, bad(ONE))
    refuse(estate, ONE)
    await scan(estate)
    refuse(estate)
    estate.read(ONE, account(ONE))

    await scan(estate, ONE)

    expected = "compliant" if account is good else "non_compliant"
    assert (await status_of(estate, ONE))["posture"] == await estate.verdict() == expected


async def test_a_gap_of_a_partial_scan_is_one_as_well(estate: ScanWorld) -> None:
    """It read ONE as violated: the full scan before it says nothing of that."""
    estate.read(ONE, bad(ONE))
    refuse(estate, ONE)

    await scan(estate, ONE, TWO)

    assert (await status_of(estate, ONE))["posture"] == await estate.verdict() == "unknown"
    assert (await status_of(estate, TWO))["posture"] == "compliant"


@pytest.mark.parametrize("named", [(), (sub(4),)], ids=["full", "partial"])
async def test_a_new_subscription_that_could_not_be_written_is_no_missing_row(
    estate: ScanWorld, named: tuple[str, ...]
) -> None:
    """It was counted as a gap, with its name; recorded at last, it is not one row more."""
    new = sub(4)
    estate.listed(ONE, TWO, THREE, new)
    estate.read(new, good(new))
    refuse(estate, new)
    await scan(estate, *named)
    await scan(estate, ONE)
    (gap,) = (await estate.known_status()).summary.gaps
    assert (gap.subscription_id, gap.name) == (new, f"name of {new}")
    refuse(estate)

    await scan(estate, new)

    assert await estate.verdict() == "compliant"


async def beyond_the_bound(estate: ScanWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a scan read TWO and ONE as violated, write neither and name only ONE."""
    monkeypatch.setattr("cmk_check.core.counts.MAX_UNWRITTEN_NAMED", 1)
    for broken in ([TWO], [ONE, TWO]):
        for each in broken:
            estate.read(each, bad(each))
        refuse(estate, *broken)
        await scan(estate)


async def test_p1_beyond_the_bound_each_could_be_one_that_was_not_written(
    estate: ScanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TWO was unknown, and became compliant again when ONE took its place among the names."""
    first = (await estate.known_status()).as_of
    await beyond_the_bound(estate, monkeypatch)

    old = [await status_of(estate, each) for each in (ONE, TWO, THREE)]
    refuse(estate)
    await scan(estate)
    new = [await status_of(estate, each) for each in (ONE, TWO, THREE)]

    assert [each["posture"] for each in old] == ["unknown"] * 3
    assert old[1]["asOf"] == (first and f"{first:%Y-%m-%dT%H:%M:%SZ}")
    assert "so many subscriptions that it could not list them all" in old[2]["gaps"][0]["detail"]
    assert [each["posture"] for each in new] == ["non_compliant", "non_compliant", "compliant"]


async def test_p1_the_latest_scan_of_a_subscription_says_whether_it_was_read(
    estate: ScanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A partial scan names what it read, so that one need not wait for the next full scan."""
    await beyond_the_bound(estate, monkeypatch)
    other = (await status_of(estate, TWO))["asOf"]

    await scan(estate, THREE)
    read = await status_of(estate, THREE)
    estate.read(THREE, bad(THREE))
    refuse(estate, ONE, TWO, THREE)
    await scan(estate, THREE)

    assert read["posture"] == "compliant"
    assert read["asOf"] > (await status_of(estate, TWO))["asOf"] == other
    assert (await status_of(estate, THREE))["posture"] == "unknown"


async def test_beyond_the_bound_a_scan_writes_nothing_more(
    estate: ScanWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of subscriptions that were read and have not changed stay as they are."""
    await beyond_the_bound(estate, monkeypatch)
    row = Table.FINDINGS, THREE, table_keys.COVERAGE
    before = await estate.store.get(*row)

    await scan(estate)

    assert await estate.store.get(*row) == before
    assert (await status_of(estate, THREE))["posture"] == "unknown"


async def test_a_gap_that_is_written_at_last_says_when_it_was_read(estate: ScanWorld) -> None:
    """The last scan did not: its date must not get into the row."""
    first = (await estate.known_status()).as_of
    estate.read(ONE, bad(ONE))
    refuse(estate, ONE)
    await scan(estate)
    refuse(estate)
    estate.read(ONE, gap=FORBIDDEN)

    await scan(estate)

    row = await estate.coverage_of(ONE)
    assert row.last_read == first
    assert PostureReason.SUBSCRIPTIONS_UNREAD in dict((await estate.posture()).reasons)


@pytest.mark.parametrize("named", [(), (TWO,)], ids=["full", "partial"])
async def test_p1_a_gap_in_no_row_gets_one_when_nobody_lists_it_any_more(
    named: tuple[str, ...],
) -> None:
    """It was listed once; the next scan that did not find it called the estate compliant."""
    world = ScanWorld(FaultyStore(MemoryStore()), slice_size=1)
    world.azure_has(good(ONE))
    await world.scan()
    world.listed(ONE, TWO)
    world.read(TWO, bad(TWO))
    refuse(world, TWO)
    await scan(world)
    world.listed(ONE)
    await scan(world, ONE)
    await scan(world)
    still = (await world.known_status()).summary.unwritten
    refuse(world)

    await scan(world, *named)
    await scan(world)
    await scan(world)

    assert (still, (await world.known_status()).summary.unwritten) == (1, 0)
    assert (await world.coverage(TWO), await world.verdict()) == ("gap", "unknown")
    _, change = world.teller.told[-1]
    assert (change.type.value, change.source[-1]) == ("cmkcheck.coverage.lost", TWO[-1])


async def test_p1_a_subscription_without_a_row_is_shown_as_a_gap(estate: ScanWorld) -> None:
    """It stood among the estate's gaps and nowhere else; its status was not found."""
    before, new, behind = (sub(number) for number in (0, 4, 5))
    estate.listed(before, ONE, TWO, THREE, new, behind)
    refuse(estate, before, new, behind)
    await scan(estate)
    table, scans = FindingsTable(estate.store), ScanTable(estate.store)
    view = SubscriptionsView(table, scans, estate.clock, key_health=False)

    shown: list[tuple[str, str]] = []
    token = None
    while len(shown) < 20 and (not shown or token):
        asked = {"top": 2} | ({"skipToken": token} if token else {})
        page = await view.page(parameters.SubscriptionsQuery.model_validate(asked))
        shown += [(row.subscription_id, row.coverage) for row in page.value]
        token = page.skip_token
    gaps = (await view.page(parameters.SubscriptionsQuery(coverage="gap"))).value
    read = (await view.page(parameters.SubscriptionsQuery(coverage="read"))).value

    states = ("gap", "read", "read", "read", "gap", "gap")
    assert shown == list(zip((before, ONE, TWO, THREE, new, behind), states, strict=True))
    assert [row.subscription_id for row in gaps] == [before, new, behind]
    assert [row.subscription_id for row in read] == [ONE, TWO, THREE]
    answer = await status_of(estate, new)
    assert (answer["posture"], answer["asOf"]) == ("unknown", None)
    assert answer["gaps"][0]["name"] == f"name of {new}"
    query = parameters.FindingsQuery(subscription=new)
    findings = FindingsView(table, scans, estate.clock, ("OpenAI",), "https://portal")
    assert (await findings.page(query)).value == []
