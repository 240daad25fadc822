"""A partition taken apart: what cannot be trusted in it costs itself alone."""

import logging

import pytest

from cmk_check.core.account import Subscription
from cmk_check.core.enums import Reason, Verdict
from cmk_check.core.rule import RULE_VERSION
from cmk_check.ports import Delete, Insert, Table
from cmk_check.store import row_times
from cmk_check.store.findings import FindingsTable
from tests.fakes.world import bad, good, sub
from tests.unit.core.examples import ID
from tests.unit.store.findings_kit import PARTITION, filled, overwrite


@pytest.mark.parametrize(
    ("values", "reason", "said"),
    [
        ({"schema": 5, "verdict": "compliant"}, Reason.ROW_TOO_NEW, "newer version"),
        ({"changes": "perhaps"}, Reason.MALFORMED, "delete the row"),
    ],
    ids=["newer", "broken"],
)
async def test_a_finding_that_cannot_be_trusted_is_unknown_and_costs_itself_alone(
    values: dict[str, str | int], reason: Reason, said: str
) -> None:
    """P1, P7: the others are read, and the account is not called good; its row stays."""
    store, _ = await filled(bad(ID, "A"), good(ID, "b"))
    await overwrite(store, "finding|rg|a", **values)

    stored = await FindingsTable(store).read_one(PARTITION)

    (found,) = stored.known.untrusted.values()
    assert (str(found.id), found.kind) == (str(bad(ID, "A").id), "OpenAI")
    assert (found.tags, found.rule_version) == ({}, RULE_VERSION)
    assert found.first_seen == found.changed_at == row_times.UNDATED
    assert (found.id.resource_group, found.id.name) == ("rg", "a")
    assert (found.judgement.verdict, found.judgement.reason) == (Verdict.UNKNOWN, reason)
    assert said in found.judgement.message
    assert list(stored.known.findings) == [str(good(ID, "b").id)]
    assert stored.unusable is None


async def test_a_row_key_of_three_parts_has_the_name_behind_the_first() -> None:
    """No name of ours has the sign in it; whoever wrote the row still finds it by what is shown."""
    store, _ = await filled()
    await store.commit(
        Table.FINDINGS, PARTITION, [Insert("finding|rg|a|b", {"schema": 5, "kind": 7})]
    )

    stored = await FindingsTable(store).read_one(PARTITION)

    (shown,) = stored.known.untrusted.values()
    assert (shown.id.resource_group, shown.id.name, shown.kind) == ("rg", "a|b", None)


@pytest.mark.parametrize(
    ("values", "sequence"),
    [
        ({"accounts": "{"}, 1),
        ({"schema": "4"}, 1),
        ({"sequence": "1"}, None),
        ({"sequence": -1}, None),
    ],
    ids=["another column", "no schema", "no number", "no possible number"],
)
async def test_a_broken_coverage_row_keeps_its_sequence_if_that_can_be_read(
    values: dict[str, str | int], sequence: int | None
) -> None:
    """Everything else of it is worked out anew by the next scan."""
    store, _ = await filled(bad(ID))
    await overwrite(store, "coverage", **values)

    found = await FindingsTable(store).read_one(PARTITION)

    assert (found.unusable, found.known.coverage, found.known.sequence) == (None, None, sequence)
    assert "coverage" in found.etags


@pytest.mark.parametrize("left", ["finding|", "outbox|"])
async def test_without_a_coverage_row_whatever_is_left_shows_that_its_sequence_is_lost(
    left: str,
) -> None:
    """Changes that began again at 1 would stand before those that readers have seen."""
    store, stored = await filled(bad(ID))
    gone = [Delete(row, etag) for row, etag in stored.etags.items() if not row.startswith(left)]
    await store.commit(Table.FINDINGS, PARTITION, gone)

    known = (await FindingsTable(store).read_one(PARTITION)).known

    assert (known.coverage, known.sequence) == (None, None)
    assert known.listed == Subscription(ID, expected=True)


@pytest.mark.parametrize(
    "values",
    [
        {"schema": 5},
        {"type": "cmkcheck.account.renamed"},
        {"type": "perhaps"},
        {"id": "x" * 600},
        {"id": "x"},
        {"sequence": 10**12},
        {"source": f"/subscriptions/{sub(9)}"},
        {"source": "/scans/1"},
        {"source": ID},
        {"source": f"/subscriptions/{ID}/resourcegroups/rg"},
        {"subject": str(bad(sub(9)).id)},
        {"source": f"/subscriptions/{sub(9)}", "subject": str(bad(sub(9)).id)},
        {"subject": f"/subscriptions/{ID}0"},
    ],
    ids=[
        *("newer", "a newer type", "broken", "an endless id", "another id", "another sequence"),
        *("another source", "a scan", "no path", "a longer path"),
        *("another subject", "another subscription", "no path below"),
    ],
)
async def test_an_outbox_row_that_cannot_be_trusted_is_left_alone(
    values: dict[str, str | int], caplog: pytest.LogCaptureFixture
) -> None:
    """A newer version tells its change when it is back; nothing else waits for it."""
    store, stored = await filled(bad(ID), bad(ID, "b"))
    await overwrite(store, stored.outbox.entries[0].place[-1], **values)

    found = await FindingsTable(store).read_one(PARTITION)

    assert found.unusable is None
    assert list(found.outbox.entries) == [stored.outbox.entries[1]]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_rows_of_somebody_else_are_left_alone() -> None:
    """A partition that is no subscription, or a note beside our rows, stops nothing (P7)."""
    store, _ = await filled(bad(ID))
    for partition in ("-before", "NotOurs"):
        await store.commit(Table.FINDINGS, partition, [Insert("coverage", {"schema": 4})])
    await store.commit(Table.FINDINGS, PARTITION, [Insert("note", {"text": "mine"})])

    (found,) = [stored async for stored in FindingsTable(store).subscriptions("", "")]

    assert found.partition == PARTITION
    assert found.unusable is None
