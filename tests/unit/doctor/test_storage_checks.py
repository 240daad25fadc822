"""What the doctor says of tables and of the scans in them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.doctor import storage_checks
from cmk_check.ports import (
    Delete,
    Insert,
    InventoryError,
    Replace,
    StoreRefused,
    StoreUnavailable,
    Table,
    TableQuery,
    Write,
)
from cmk_check.web.views.digest import DigestView
from tests.fakes import earlier_build
from tests.fakes.earlier_build import Row
from tests.fakes.faults import Fault, FaultyStore
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import World, bad, good, sub
from tests.unit.doctor.subjects import Check, ScriptedPatient, told

LOOK = ": check that Azurite is running and CMK_STORAGE has its ports."


class TroubledStore(RecordingStore):
    """Raises ``error`` where rows of these tables are written by an operation of this kind."""

    def __init__(self, error: str, kind: type, tables: Sequence[Table] = tuple(Table)) -> None:
        super().__init__()
        self._error, self._kind, self._tables = error, kind, tables

    async def commit(
        self, table: Table, partition: str, writes: Sequence[Write]
    ) -> tuple[str, ...]:
        """Fail or go on."""
        if table in self._tables and isinstance(writes[0], self._kind):
            kind = StoreRefused if "grant" in self._error else StoreUnavailable
            raise kind(f"{table}: {self._error}")
        return await super().commit(table, partition, writes)


async def _is_empty(store: RecordingStore) -> bool:
    query = TableQuery(partition_from="", partition_to="~")
    return not [entity for table in Table async for entity in store.query(table, query)]


async def test_tables_are_tried_and_nothing_is_left_in_them() -> None:
    """A change of cmkfindings is a change of the estate: alerts may be wired to it."""
    store = RecordingStore()

    said = await told(storage_checks.tables, ScriptedPatient.over(store=store))

    assert said == [("ok", "cmkfindings, cmkchanges, cmkscans can be read and written.")]
    assert await _is_empty(store)


async def test_queues_that_are_in_no_storage_account_are_not_tried() -> None:
    """What was not tried is not said to work."""
    assert await told(storage_checks.queues, ScriptedPatient.over()) == [
        ("skipped", "The queues are not in a storage account.")
    ]


@pytest.mark.parametrize(
    ("store", "said"),
    [
        pytest.param(
            TroubledStore("403 AuthorizationPermissionMismatch: grant the role", Insert),
            "cmkfindings, cmkchanges, cmkscans: 403 AuthorizationPermissionMismatch: grant the "
            "role.",
            id="may not write: one cause is said once",
        ),
        pytest.param(
            TroubledStore("403 X: grant the role", Delete, [Table.CHANGES]),
            "cmkchanges: 403 X: grant the role.",
            id="may not delete in one of them",
        ),
        pytest.param(
            TroubledStore("ServiceRequestError", Insert, [Table.SCANS]),
            f"cmkscans: ServiceRequestError{LOOK}",
            id="does not respond",
        ),
    ],
)
async def test_what_keeps_tables_from_being_written_is_named(
    store: TroubledStore, said: str
) -> None:
    """The right to read alone would look well until the first scan."""
    assert await told(storage_checks.tables, ScriptedPatient.over(store=store)) == [
        ("problem", said)
    ]


async def _scanned(ago: timedelta, **environ: str) -> tuple[World, ScriptedPatient]:
    """Lay out a subject whose scans ran so long ago; none ran yet."""
    world = World()
    world.clock.time = datetime.now(UTC).replace(microsecond=0) - ago - timedelta(hours=1)
    world.listed(sub(1))
    world.read(sub(1), good(sub(1)))
    environ |= {"CMK_STORAGE": "UseDevelopmentStorage=true"}
    return world, ScriptedPatient.over(store=world.store, environ=environ)


@pytest.mark.parametrize("rows", [earlier_build.ROWS, earlier_build.ROWS[:1]])
async def test_rows_of_an_earlier_build_are_found_in_any_table(rows: list[Row]) -> None:
    """P11: a scan says so only when it starts, and doctor is asked before the first one."""
    world, subject = await _scanned(timedelta())
    await earlier_build.put(world.store, *rows)

    ((mark, text),) = await told(storage_checks.scans, subject)

    assert mark == "problem"
    assert "Delete the tables cmkfindings, cmkchanges and cmkscans." in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"schema": 5, "writtenBy": "2.0"},
            "cmk_check (2.0) uses this storage: deploy that version again.",
        ),
        ({"document0": "no document"}, "The stored row of the status is broken"),
    ],
)
async def test_a_status_that_cannot_be_read_is_not_taken_for_none(
    changed: dict[str, str | int], said: str
) -> None:
    """Who waits for the first scan waits in vain, and who broke the row stays unknown."""
    world, subject = await _scanned(timedelta(minutes=5))
    await world.scan()
    row = await world.store.get(Table.SCANS, "scan", "status")
    assert row is not None
    write = Replace(row.row, {**row.values, **changed}, row.etag)
    await world.store.commit(Table.SCANS, "scan", [write])

    ((mark, text),) = await told(storage_checks.scans, subject)

    assert (mark, said in text) == ("problem", True)


@pytest.mark.parametrize(
    ("minutes", "mark", "start"),
    [
        (5, "ok", "The last finished scan began at {0:%Y-%m-%d %H:%M:%SZ}."),
        (
            9 * 60,
            "problem",
            "stale: The last finished scan is too old (it began more than 180 minutes ago)",
        ),
        (-60, "problem", "clock_skew: "),
        (None, "warning", "no_scan_yet: No scan has succeeded yet. "),
    ],
    ids=["fresh", "stopped", "ahead of our clock", "before the first one"],
)
async def test_the_last_scan_has_to_be_fresh(minutes: int | None, mark: str, start: str) -> None:
    """The app that nobody starts any more says nothing itself."""
    world, subject = await _scanned(timedelta(minutes=minutes or 0))
    if minutes is not None:
        await world.scan()

    ((marked, text),) = await told(storage_checks.scans, subject)

    assert (marked, text.startswith(start.format(world.clock.time))) == (mark, True), text


async def test_a_digest_that_a_receiver_did_not_get_is_named() -> None:
    """Whoever runs doctor may be the one who misses it."""
    url = {"CMK_WEBHOOK_URL": "https://hooks.test/x", "CMK_DIGEST_SCHEDULE": "0 * * * * *"}
    world, subject = await _scanned(timedelta(minutes=5), **url)
    await world.scan()
    due = subject.clock.now() - timedelta(hours=2)
    clock, expect = subject.clock, world.options.expectations
    digests = DigestView(world.store, "0 * * * * *", ("webhook",), clock=clock, expect=expect)
    await digests.begin("webhook", due, 0)

    ((_, text),) = await told(storage_checks.scans, subject)

    assert text.startswith("digest_undelivered: At least one receiver has not received")


async def test_what_the_app_could_not_read_is_a_problem() -> None:
    """The app's identity lacks what whoever asks here may have."""
    gap = Gap(GapReason.FORBIDDEN, "a/read")
    world, subject = await _scanned(timedelta(minutes=5), CMK_MANAGEMENT_GROUP="mg-ai")
    world.options = replace(world.options, management_group="mg-ai")
    world.inventory.group_error = InventoryError(gap)
    world.read(sub(1), gap=gap)
    await world.scan()

    said = await told(storage_checks.scans, subject)

    assert [(mark, text.partition(":")[0]) for mark, text in said] == [
        ("problem", "subscriptions_unread"),
        ("problem", "management_group_unread"),
    ]


async def test_a_failed_scan_says_why() -> None:
    """The reason is in the tables, where nobody looks."""
    world, subject = await _scanned(timedelta(minutes=5))
    gap = Gap(GapReason.UNAUTHENTICATED, detail="No token: sign in.")
    world.inventory.list_error = InventoryError(gap)
    await world.scan()

    said = await told(storage_checks.scans, subject)

    assert {mark for mark, _ in said} == {"problem"}
    assert any("No token: sign in." in text for _, text in said)


async def test_a_feed_that_publishes_nothing_is_a_problem() -> None:
    """Every alert comes from it, and nothing else shows that there are none."""
    world, subject = await _scanned(timedelta(minutes=65))
    await world.scan()
    fine = await told(storage_checks.feed, subject)
    head = await world.store.get(Table.CHANGES, "feed", "head")
    assert head is not None
    newer = {**head.values, "schema": 99, "writtenBy": "0.9.0"}
    await world.store.commit(Table.CHANGES, "feed", [Replace("head", newer, head.etag)])
    world.read(sub(1), bad(sub(1)))
    await world.scan()

    feed = await told(storage_checks.feed, subject)
    scans = await told(storage_checks.scans, subject)

    assert fine == [("ok", "The last published change has the number 2.")]
    version = "A newer version of cmk_check (0.9.0) uses this storage: deploy that version"
    said = f"No change can be published, so no alert is sent. {version} again."
    assert feed == [("problem", said)]
    ((mark, text),) = scans
    assert (mark, text.startswith("changes_unpublished: At least one")) == ("problem", True)


async def test_a_feed_that_is_empty_after_a_scan_was_deleted() -> None:
    """The first scan always publishes something, unless it could not."""
    world, subject = await _scanned(timedelta(minutes=5))
    early = await told(storage_checks.feed, subject)
    await world.scan()
    query = TableQuery(partition="feed")
    rows = [entity async for entity in world.store.query(Table.CHANGES, query)]
    deletes = [Delete(entity.row, entity.etag) for entity in rows]
    await world.store.commit(Table.CHANGES, "feed", deletes)

    ((mark, text),) = await told(storage_checks.feed, subject)

    assert early == [("ok", "The last published change has the number 0.")]
    assert (mark, "somebody deleted it" in text) == ("warning", True)


@pytest.mark.parametrize("check", [storage_checks.tables, storage_checks.scans])
async def test_a_store_that_is_down_is_a_problem(check: Check) -> None:
    """The first thing to know."""
    silent = FaultyStore(RecordingStore(), dict.fromkeys(range(9), Fault.NO_ANSWER))

    ((mark, text),) = await told(check, ScriptedPatient.over(store=silent))

    assert (mark, "no answer" in text) == ("problem", True)
