"""Rows of a subscription that somebody broke cost themselves, and heal (P1, P7, P11)."""

import logging

import pytest

from cmk_check.core.enums import ChangeType, PostureVerdict, ScanState, Verdict
from cmk_check.core.model import Change
from cmk_check.ports import Insert, Table
from cmk_check.store import table_keys
from cmk_check.store.codec import encode_change
from tests.fakes.world import bad, good, sub
from tests.unit.scan.scan_world import ONE, TWO, ScanWorld

COVERAGE = table_keys.COVERAGE
A = table_keys.finding_row("rg", "a")
B = table_keys.finding_row("rg", "b")


@pytest.fixture
async def pair(world: ScanWorld) -> ScanWorld:
    """An estate of two compliant accounts, scanned three times with a change at each."""
    world.listed(ONE)
    for accounts in ((bad, bad), (good, bad), (good, good)):
        world.read(ONE, *(make(ONE, name) for make, name in zip(accounts, "ab", strict=True)))
        await world.scan()
    return world


async def leave_change(world: ScanWorld, of: str) -> None:
    """Put the removal of an account into the outbox of a subscription."""
    source, subject = f"/subscriptions/{of}", str(good(of, "x").id)
    kind, now = ChangeType.ACCOUNT_REMOVED, world.clock.now()
    left = encode_change(Change("waiting", kind, now, source, subject, {}, 8))
    write = Insert(table_keys.outbox_row(8, "waiting"), left)
    await world.store.commit(Table.FINDINGS, of, [write])


@pytest.mark.parametrize("how", ["no number", "beyond a key", "below zero", "deleted"])
async def test_a_sequence_that_is_lost_never_goes_back(pair: ScanWorld, how: str) -> None:
    """Twice in a row, with changes in between: all numbers are above those before."""
    values: dict[str, object] = {"no number": "many", "beyond a key": 10**12 - 1, "below zero": -5}
    for accounts in ((bad, good), (bad, bad)):
        if how == "deleted":
            await pair.delete(Table.FINDINGS, ONE, COVERAGE)
        else:
            await pair.overwrite(Table.FINDINGS, ONE, COVERAGE, sequence=values[how])
        pair.read(ONE, *(make(ONE, name) for make, name in zip(accounts, "ab", strict=True)))
        await pair.scan()

    numbers = [sequence for sequence, _, _ in await pair.told_of(ONE)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 6


async def test_a_rebuilt_row_takes_compliant_back_before_it_says_worse(pair: ScanWorld) -> None:
    """Beside it a finding became unreadable since the last scan (P1)."""
    await pair.overwrite(Table.FINDINGS, ONE, COVERAGE, since="soon")
    await pair.overwrite(Table.FINDINGS, ONE, A, history="oops")
    (message,) = await pair.planned()
    seen: list[PostureVerdict] = []

    async def look(_subscription_id: str) -> None:
        seen.append(await pair.verdict())

    pair.inventory.before_read = look
    await pair.deliver(message)

    assert seen == [PostureVerdict.COMPLIANT]
    assert await pair.verdict() is PostureVerdict.UNKNOWN


@pytest.mark.parametrize(
    "columns",
    [
        {"name": "b", "accountId": str(good(ONE, "b").id)},
        {"resourceGroup": "other"},
        {"accountId": str(good(sub(2), "a").id)},
    ],
    ids=["another account", "another group", "another subscription"],
)
async def test_a_row_whose_key_is_not_that_of_its_columns_costs_itself(
    pair: ScanWorld, columns: dict[str, str]
) -> None:
    """It deleted the row of the other account, and then ended its slice at every scan."""
    await pair.overwrite(Table.FINDINGS, ONE, A, **columns)
    told = len(pair.teller.told)

    for accounts in ((good, good), (good, bad), (good,)):
        pair.read(ONE, *(make(ONE, name) for make, name in zip(accounts, "ab", strict=False)))
        scan_id = await pair.scan()
        assert (await pair.scan_row(scan_id)).state is ScanState.COMPLETE
        assert await pair.verdict() is not PostureVerdict.COMPLIANT

    assert pair.told_types()[told:] == ["account.violated", "account.removed"]
    assert {change.subject for _, change in pair.teller.told[told:]} == {str(good(ONE, "b").id)}
    (shown,) = (await pair.findings()).values()
    assert shown.judgement.verdict is Verdict.UNKNOWN
    assert "delete the row" in shown.judgement.message.lower()


@pytest.mark.parametrize("key", ["finding|RG|b", "finding|rg|b~~", "finding|rg|b|c", "finding|b"])
async def test_a_second_row_of_an_account_is_unknown_and_tells_nothing(
    pair: ScanWorld, key: str
) -> None:
    """It was told of at every scan, and stayed compliant whatever became of the account."""
    found = await pair.store.get(Table.FINDINGS, ONE, B)
    assert found is not None
    await pair.store.commit(Table.FINDINGS, ONE, [Insert(key, found.values)])
    told = len(pair.teller.told)

    for _ in range(3):
        await pair.scan()

    assert len(pair.teller.told) == told
    assert await pair.verdict() is PostureVerdict.UNKNOWN
    shown = [finding.judgement.verdict for finding in (await pair.findings()).values()]
    assert sorted(shown) == ["compliant", "compliant", "unknown"]


@pytest.mark.parametrize("values", [{"schema": 999}, {"history": "oops"}], ids=["newer", "broken"])
async def test_each_scan_logs_a_finding_that_cannot_be_trusted_and_does_not_ask_azure_for_it(
    pair: ScanWorld, caplog: pytest.LogCaptureFixture, values: dict[str, object]
) -> None:
    """Whoever can write the table can hide a violation behind such a row."""
    await pair.overwrite(Table.FINDINGS, ONE, A, **values)
    for number in (1, 2):
        caplog.clear()

        await pair.scan()

        lines = [record for record in caplog.records if str(good(ONE, "a").id) in record.message]
        assert [record.levelno for record in lines] == [logging.WARNING], number
        assert pair.inventory.asked[ONE][1] == {"b"}


@pytest.mark.parametrize("subscription_id", [sub(0), TWO], ids=["before it", "behind it"])
async def test_a_change_with_the_id_of_another_takes_not_its_place(
    pair: ScanWorld, subscription_id: str
) -> None:
    """Who reads one outbox and writes another could silence a change (P3)."""
    pair.listed(ONE, subscription_id)
    await pair.scan()
    told = len(pair.teller.told)
    for each in (ONE, subscription_id):
        await leave_change(pair, each)

    await pair.scan()
    await pair.scan()

    both = [change for _, change in pair.teller.told[told:]]
    assert {change.source for change in both} == {
        f"/subscriptions/{ONE}",
        f"/subscriptions/{subscription_id}",
    }
    assert len({change.id for change in both}) == len(both) == 2
    assert [change.id for change in await pair.feed()][-2:] == [change.id for change in both]
    assert not await pair.outbox_of(ONE)
    assert not await pair.outbox_of(subscription_id)
