"""An app that is rolled back, and deployed again: rows of another version in a scan (P1, P3)."""

import logging
from typing import Final

import pytest

from cmk_check.core.enums import PostureReason, PostureVerdict, Reason, ScanState, Verdict
from cmk_check.ports import Table
from cmk_check.store import table_keys
from cmk_check.store.codec import RowTooNew
from cmk_check.store.outbox import OF_SCANS
from tests.fakes.world import bad, good, odd
from tests.unit.scan.scan_world import ONE, TWO, ScanWorld

A: Final = table_keys.finding_row("rg", "a")
B: Final = table_keys.finding_row("rg", "b")
NEWER: Final = {"schema": 99, "writtenBy": "0.9.0"}


@pytest.fixture
async def pair(world: ScanWorld) -> ScanWorld:
    """A compliant account and a violated one, scanned."""
    world.azure_has(good(ONE, "a"), bad(ONE, "b"))
    await world.scan()
    return world


async def test_p1_accounts_in_unknown_words_are_read_again_and_nothing_is_told_twice(
    pair: ScanWorld,
) -> None:
    """Nobody has to delete a row, and a violation that everybody knows is no news."""
    before = await pair.findings()
    told = len(pair.teller.told)
    for row in (A, B):
        await pair.overwrite(Table.FINDINGS, ONE, row, reason="because")
    shown = [found.judgement.verdict for found in (await pair.findings()).values()]

    await pair.scan()

    after = await pair.findings()
    assert shown == [Verdict.UNKNOWN, Verdict.NON_COMPLIANT]
    assert {key: found.judgement for key, found in after.items()} == {
        key: found.judgement for key, found in before.items()
    }
    assert {change.type for _, change in pair.teller.told[told:]} == {"cmkcheck.account.updated"}
    assert [found.violated_since for found in after.values()] == [
        found.violated_since for found in before.values()
    ]


async def test_what_an_earlier_version_cannot_judge_is_told(pair: ScanWorld) -> None:
    """The account was compliant for a reason that this version does not know; now it is unknown."""
    told = len(pair.teller.told)
    await pair.overwrite(Table.FINDINGS, ONE, A, reason="because")
    pair.read(ONE, odd(ONE, "a"), bad(ONE, "b"))

    await pair.scan()

    (found, _) = (await pair.findings()).values()
    (change,) = [change for _, change in pair.teller.told[told:]]
    assert change.type == "cmkcheck.account.unverifiable"
    assert (found.judgement.verdict, found.previous_verdict) == (Verdict.UNKNOWN, Verdict.COMPLIANT)


async def test_p7_a_row_that_is_nested_too_deeply_costs_itself(pair: ScanWorld) -> None:
    """Python's own reader of JSON gives up in another way than by a wrong value."""
    await pair.overwrite(Table.FINDINGS, ONE, A, history="[" * 16_000)

    scan = await pair.scan_row(await pair.scan())

    assert scan.state is ScanState.COMPLETE


async def test_p1_the_status_is_not_compliant_while_the_list_says_unknown(world: ScanWorld) -> None:
    """It sums accounts by reason, and another version may have made it."""
    world.azure_has(good(ONE, "a"))
    await world.scan()
    row = await world.store.get(Table.SCANS, OF_SCANS, "status")
    assert row is not None
    renamed = str(row.values["document0"]).replace(Reason.CUSTOMER_MANAGED_KEY, "because")
    assert await world.verdict() is PostureVerdict.COMPLIANT

    await world.overwrite(Table.SCANS, OF_SCANS, "status", document0=renamed)

    shown = await world.posture()
    assert shown.verdict is PostureVerdict.UNKNOWN
    assert PostureReason.ACCOUNTS_UNKNOWN in dict(shown.reasons)


@pytest.mark.parametrize("row", ["current", "status"])
async def test_a_lease_or_status_of_a_newer_version_says_which_one_is_needed(
    pair: ScanWorld, row: str
) -> None:
    """Nothing else ends this, so nobody is told to try again."""
    await pair.overwrite(Table.SCANS, OF_SCANS, row, **NEWER)

    with pytest.raises(RowTooNew, match=r"version of cmk_check \(0\.9\.0\) .* deploy that version"):
        await pair.start()


async def test_p3_changes_behind_a_newer_feed_are_kept_and_told_once(
    pair: ScanWorld, caplog: pytest.LogCaptureFixture
) -> None:
    """They wait in the outbox, the log says for which version, and then they are told."""
    told = len(pair.teller.told)
    await pair.overwrite(Table.CHANGES, "feed", "head", **NEWER)
    pair.read(ONE, good(ONE, "a"), good(ONE, "b"))
    await pair.scan()
    waiting = await pair.outbox_of(ONE)

    await pair.overwrite(Table.CHANGES, "feed", "head", schema=4)
    await pair.scan()

    kept = [each.message for each in caplog.records if each.levelno == logging.ERROR]
    assert len(waiting) == 1
    assert "Changes stay in the outbox. A newer version of cmk_check (0.9.0)" in kept[0]
    assert len(pair.teller.told) == told + 1
    assert not await pair.outbox_of(ONE)


async def test_p7_a_subscription_of_a_newer_version_is_a_gap_and_left_as_it_is(
    pair: ScanWorld,
) -> None:
    """P11: it says which version reads it, and is never counted as good; the next one is read."""
    place = Table.FINDINGS, ONE, table_keys.COVERAGE
    await pair.overwrite(*place, **NEWER)
    newer = await pair.store.get(*place)
    pair.azure_has(bad(ONE, "a"), good(TWO))

    scan_id = await pair.scan()

    assert await pair.store.get(*place) == newer
    assert (await pair.scan_row(scan_id)).state is ScanState.INCOMPLETE
    summary = (await pair.known_status()).summary
    (known,) = summary.gaps
    assert (known.subscription_id, summary.accounts.unread) == (ONE, 2)
    assert "deploy that version again" in (known.gap.detail or "")
    assert await pair.coverage(TWO) == "read"
