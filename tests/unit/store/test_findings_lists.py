"""The findings table read for callers: what is asked for, in order, and never a row's bare word."""

import pytest

from cmk_check.core.account import Account
from cmk_check.core.enums import CoverageState, Reason, Verdict
from cmk_check.core.resource_id import AccountId
from cmk_check.ports import Insert, Table
from cmk_check.store import codec, table_keys
from cmk_check.store.codec import RowUnusable
from cmk_check.store.finding_filter import FindingFilter
from cmk_check.store.findings import FindingsTable
from tests.fakes.world import bad, good, odd, sub
from tests.unit.core.examples import ID
from tests.unit.store.findings_kit import PARTITION, filled, overwrite


async def names(table: FindingsTable, where: FindingFilter) -> list[str]:
    """Return the names of the accounts that a filter finds."""
    found = table.findings(where, None)
    return [match[0].id.name async for _, match in found if match]


async def test_findings_are_listed_in_order_with_places_to_go_on_behind() -> None:
    """A page that begins where the last one ended skips nothing."""
    store, _ = await filled(bad(ID, "b"), good(ID, "a"), bad(ID, "c"))
    table = FindingsTable(store)

    listed = [row async for row in table.findings(FindingFilter(), None)]
    rest = [row async for row in table.findings(FindingFilter(), listed[0][0])]

    assert [match[0].id.name for _, match in listed if match] == ["a", "b", "c"]
    assert rest == listed[1:]
    assert await names(table, FindingFilter(Verdict.NON_COMPLIANT)) == ["b", "c"]
    assert await names(table, FindingFilter(subscription_id=ID.upper())) == ["a", "b", "c"]
    assert await names(table, FindingFilter(subscription_id=sub(9))) == []


async def test_a_list_reads_no_rows_but_those_of_its_kind() -> None:
    """The outbox may be long while the feed is down, and each row costs time and money."""
    store, stored = await filled(bad(ID, "a"), bad(ID, "b"))
    assert len(stored.outbox.entries) == 2
    table, before = FindingsTable(store), len(store.log)

    await names(table, FindingFilter())
    assert [entry async for entry in table.coverages(None, None)]

    assert [entry.rows for entry in store.log[before:]] == [2, 1]


@pytest.mark.parametrize(
    ("values", "reason"),
    [({"schema": 5}, Reason.ROW_TOO_NEW), ({"history": "{"}, Reason.MALFORMED)],
    ids=["newer", "broken"],
)
@pytest.mark.parametrize("account", [good(ID, "a"), bad(ID, "a"), odd(ID, "a")], ids="cnu")
async def test_p1_a_row_that_cannot_be_trusted_is_found_as_what_it_is_shown_as(
    account: Account, values: dict[str, str | int], reason: Reason
) -> None:
    """What stands in its columns is neither shown nor asked for."""
    store, _ = await filled(account)
    await overwrite(store, "finding|rg|a", **values)
    table = FindingsTable(store)

    by_verdict = {each: await names(table, FindingFilter(each)) for each in Verdict}
    by_reason = {each: await names(table, FindingFilter(reason=each)) for each in Reason}

    assert {each for each, found in by_verdict.items() if found} == {Verdict.UNKNOWN}
    assert {each for each, found in by_reason.items() if found} == {reason}
    assert await names(table, FindingFilter(Verdict.UNKNOWN, reason)) == ["a"]
    alone = await table.finding(account.id)
    assert alone is not None
    assert (alone.judgement.verdict, alone.judgement.reason) == (Verdict.UNKNOWN, reason)


async def test_coverage_comes_along_in_the_same_query_and_passes_every_filter() -> None:
    """A search looks at the names of subscriptions: a read for each row would take minutes."""
    store, stored = await filled(good(ID, "a"), bad(ID, "b"))
    table, before = FindingsTable(store), len(store.log)
    where = FindingFilter(Verdict.NON_COMPLIANT)

    found = [row async for row in table.findings(where, None, joined=True)]

    coverage = stored.known.coverage
    assert [(row, match and match[1]) for (_, row), match in found] == [
        ("coverage", None),
        ("finding|rg|b", coverage),
    ]
    assert [operation.name for operation in store.log[before:]] == ["query"]


async def test_a_list_that_begins_in_mid_subscription_reads_the_coverage_it_has_passed() -> None:
    """The second page of a search knows no less than the first."""
    store, stored = await filled(good(ID, "a"), bad(ID, "b"))
    table, place = FindingsTable(store), (PARTITION, "finding|rg|a")

    ((_, match),) = [row async for row in table.findings(FindingFilter(), place, joined=True)]

    assert match is not None
    assert match[1] == stored.known.coverage


async def test_coverage_of_another_subscription_is_never_joined() -> None:
    """Without a row of its own a subscription has no name, and not the one before it."""
    store, stored = await filled(good(ID, "a"))
    finding = next(iter(stored.known.findings.values()))
    partition = table_keys.get_partition(f"f{ID[1:]}")
    orphan = [Insert("finding|rg|a", codec.encode_finding(finding))]
    await store.commit(Table.FINDINGS, partition, orphan)

    listed = [
        row async for row in FindingsTable(store).findings(FindingFilter(), None, joined=True)
    ]

    assert [match[1] for _, match in listed if match] == [stored.known.coverage, None]


async def test_what_is_not_ours_is_neither_listed_nor_given() -> None:
    """Somebody else's rows are left alone, and hide none of ours (P7)."""
    store, _ = await filled(bad(ID))
    theirs = AccountId.parse(good(ID, "a").id.text.replace(ID, "theirs"))
    assert theirs is not None
    row = table_keys.finding_row(theirs.resource_group, theirs.name)
    for partition in ("-before", "theirs"):
        writes = [Insert(row, {}), Insert(table_keys.COVERAGE, {})]
        await store.commit(Table.FINDINGS, partition, writes)
    table = FindingsTable(store)

    assert await names(table, FindingFilter()) == ["chat"]
    assert len([row async for row in table.findings(FindingFilter(), None, joined=True)]) == 2
    assert len([row async for row in table.coverages(None, None)]) == 1
    assert await table.finding(theirs) is None


async def test_a_finding_or_a_coverage_alone_is_one_point_read() -> None:
    """Whatever the size of the estate."""
    store, stored = await filled(bad(ID, "a"), good(ID, "b"))
    table, before = FindingsTable(store), len(store.log)

    finding, coverage = await table.finding(bad(ID, "a").id), await table.coverage(ID.upper())

    assert finding == stored.known.findings[bad(ID, "a").id.text]
    assert coverage == stored.known.coverage
    assert [operation.name for operation in store.log[before:]] == ["get", "get"]
    assert await table.finding(bad(ID, "c").id) is None
    assert await table.coverage(sub(9)) is None


async def test_coverage_is_listed_by_subscription_with_places_to_go_on_behind() -> None:
    """And nothing of what stands beside it."""
    store, stored = await filled(bad(ID, "a"))
    others = [Insert(row, {"coverage": "read"}) for row in ("account", "coverage2")]
    await store.commit(Table.FINDINGS, PARTITION, others)
    table, place = FindingsTable(store), (PARTITION, table_keys.COVERAGE)

    listed = [entry async for entry in table.coverages(None, None)]

    assert listed == [(place, stored.known.coverage)]
    assert store.log[-1].rows == 1
    assert [entry async for entry in table.coverages(CoverageState.READ, None)] == listed
    assert [entry async for entry in table.coverages(CoverageState.GAP, None)] == []
    assert [entry async for entry in table.coverages(None, place)] == []


async def test_p1_a_coverage_row_that_cannot_be_trusted_is_listed_with_why_and_never_joined() -> (
    None
):
    """P7: left out, it would be a subscription that nobody misses; what it says may be untrue."""
    store, _ = await filled(bad(ID))
    await overwrite(store, "coverage", schema=5)
    table = FindingsTable(store)

    ((_, why),) = [entry async for entry in table.coverages(None, None)]
    joined = [match async for _, match in table.findings(FindingFilter(), None, joined=True)]

    assert isinstance(why, RowUnusable)
    assert [match and match[1] for match in joined] == [None, None]
    with pytest.raises(RowUnusable, match=r"newer version .*uses this storage"):
        await table.coverage(ID)
