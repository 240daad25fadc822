"""The sums by owner and key of a coverage row, from which the lists of owners and keys are made."""

import pytest

from cmk_check.core.account_groups import group_by_key, group_by_owner, write_groups
from cmk_check.core.enums import CoverageState
from cmk_check.limits import SUBSCRIPTIONS_SUMMED_ALONE
from cmk_check.ports import Delete, Table
from cmk_check.store import table_keys
from tests.unit.web.api_kit import (
    LAB,
    MIXED,
    PRODUCTION,
    Served,
    counted,
    coverage,
    finding,
    status_of,
)
from tests.unit.web.asgi_client import send

OWNERS = write_groups(group_by_owner(MIXED)) or ""
KEYS = write_groups(group_by_key(MIXED)) or ""


@pytest.fixture
async def served() -> Served:
    """Serve two subscriptions, one of which the last scan did not read."""
    served = Served()
    theirs = [finding("a", subscription_id=LAB)]
    mine = coverage(accounts=counted(MIXED))
    lab = coverage(CoverageState.GAP, LAB, accounts=counted(theirs))
    await served.put(mine, MIXED)
    await served.put(lab, theirs)
    await served.put_status(status_of(mine, lab))
    return served


async def _lists(served: Served) -> list[object]:
    """Return both lists, and what is left out of that of keys."""
    answers = [await send(served.app(), f"/api/v1/{name}") for name in ("owners", "keys")]
    return [*(answer.found for answer in answers), answers[1].json["caution"]]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("owners", None),
        ("owners", ""),
        ("owners", "[]"),
        ("owners", "{}"),
        ("owners", OWNERS.replace('"at_risk"', '"of_a_later_version"')),
        ("owners", OWNERS.replace('"non_compliant":1', '"compliant":1')),
        ("owners", OWNERS.replace("+00:00", "")),
        ("keys", None),
        ("keys", "{}"),
        ("keys", KEYS.replace('"at_risk":1,', "")),
        ("keys", KEYS.replace('"keyless":1', '"keyless":2')),
        ("keys", KEYS.replace("+00:00", "")),
    ],
)
async def test_p1_findings_count_where_sums_are_missing_or_cannot_be_right(
    served: Served, column: str, text: str | None
) -> None:
    """An earlier version wrote none; a person or a later version may have written others."""
    expected = await _lists(served)
    assert text not in {OWNERS, KEYS}

    await served.change(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE, **{column: text})

    assert await _lists(served) == expected


async def test_a_list_reads_one_row_of_each_subscription(served: Served) -> None:
    """An estate of 10,000 subscriptions has 50,000 findings or more."""
    served.store.log.clear()

    await _lists(served)

    reads = [(entry.name, entry.table) for entry in served.store.log]
    assert reads == [("get", Table.SCANS), ("query", Table.FINDINGS)] * 2


async def test_p1_accounts_count_although_their_coverage_row_was_deleted(served: Served) -> None:
    """The status tells how many rows there were; the row of a new subscription replaces none."""
    (owners, *_) = await _lists(served)
    row = await served.store.get(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE)
    assert row is not None
    await served.store.commit(Table.FINDINGS, PRODUCTION, [Delete(row.row, row.etag)])
    await served.put(coverage(CoverageState.PENDING, LAB.replace("5", "6")))

    (without, *_) = await _lists(served)

    assert isinstance(owners, list)
    assert without == [owner | {"unread": sum(owner["accounts"].values())} for owner in owners]


async def test_many_subscriptions_without_sums_are_read_at_once() -> None:
    """After an upgrade no row has sums: 10,000 requests would take minutes."""
    served = Served()
    for number in range(SUBSCRIPTIONS_SUMMED_ALONE + 1):
        name = f"{number:08x}-0000-0000-0000-000000000001"
        mine = [finding("a", subscription_id=name)]
        await served.put(coverage(subscription_id=name, accounts=counted(mine)), mine)
        await served.change(Table.FINDINGS, name, table_keys.COVERAGE, owners=None, keys=None)
    served.store.log.clear()

    (owners, *_) = await _lists(served)

    assert isinstance(owners, list)
    assert owners[0]["accounts"]["nonCompliant"] == SUBSCRIPTIONS_SUMMED_ALONE + 1
    assert len(served.store.log) == 6
