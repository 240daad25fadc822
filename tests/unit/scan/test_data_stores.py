"""Where accounts keep data, over whole scans: what is recorded, told and counted."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.data_stores.facts import ProjectPlaces, StoreKey
from cmk_check.core.enums import DataState, GapReason, PostureReason, PostureVerdict
from cmk_check.core.gap import Gap
from cmk_check.core.requirements import COVERED_DATA
from cmk_check.core.unread import Absent, Unread
from tests.fakes.data_stores import LOST, MICROSOFT, OWN, WITH_PROJECTS, ScriptedStores, place
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import good
from tests.unit.scan.scan_world import ONE, ScanWorld

type Fact = StoreKey | Absent | Unread
ACCOUNT: Final = replace(good(ONE), places=WITH_PROJECTS)
ID: Final = str(ACCOUNT.id)
TWO: Final = ProjectPlaces((place("files"), place("more")))
DENIED: Final = Unread(Gap(GapReason.FORBIDDEN, "Microsoft.Storage/storageAccounts/read"))


@pytest.fixture
def stores() -> ScriptedStores:
    """Return stores that are under the customer's keys."""
    return ScriptedStores(TWO, {"files": OWN, "more": OWN})


@pytest.fixture
def world(store: RecordingStore, stores: ScriptedStores) -> ScanWorld:
    """Return a program that looks at data stores, and an account with projects."""
    world = ScanWorld(store)
    world.data_stores = stores
    world.azure_has(ACCOUNT)
    return world


async def recorded(world: ScanWorld) -> AccountData:
    """Return what is recorded of the account's data."""
    data = (await world.findings())[ID].data
    assert data is not None
    return data


async def test_each_store_is_told_once_also_when_it_was_out_of_sight(
    world: ScanWorld, stores: ScriptedStores
) -> None:
    """P2, P4: and when all of it is covered again."""
    await world.scan()
    told = len(world.told_types())
    steps: list[tuple[Fact, Fact]] = [
        (MICROSOFT, OWN),
        (MICROSOFT, OWN),
        (DENIED, OWN),
        (MICROSOFT, OWN),
        (MICROSOFT, LOST),
        (OWN, LOST),
        (OWN, DENIED),
        (OWN, OWN),
        (OWN, OWN),
    ]
    for files, more in steps:
        stores.stores = {"files": files, "more": more}
        await world.scan()

    assert world.told_types()[told:] == ["data.exposed", "data.exposed", "data.covered"]
    exposed = world.teller.told[told][1].data
    assert exposed["before"]["dataStores"] == "own_keys"  # type: ignore[index]
    assert exposed["dataStores"]["stores"][0]["state"] == "microsoft_key"  # type: ignore[index]


async def test_projects_are_read_once_a_day_and_their_stores_in_every_scan(
    world: ScanWorld, stores: ScriptedStores, store: RecordingStore
) -> None:
    """P4: a day writes one time of a reading, and no change; a store that changes is seen."""
    await world.scan()
    first = (await recorded(world)).as_of
    before, told = len(store.log), len(world.told_types())
    for _ in range(24):
        await world.scan()
    again = (await recorded(world)).as_of
    rows = store.written(before)
    quiet = len(world.told_types()) == told
    stores.stores["more"] = MICROSOFT
    await world.scan()

    assert first is not None
    assert again is not None
    assert timedelta(0) < again - first <= timedelta(days=1)
    assert (rows.count("finding"), quiet) == (1, True)
    assert [len(due) for due in stores.asked].count(1) == 2
    assert (await recorded(world)).state is DataState.MICROSOFT_KEYS


@pytest.mark.parametrize("why", ["partial", "required", "unread", "changed"])
async def test_projects_are_read_at_once_where_what_is_known_may_not_do(
    world: ScanWorld, stores: ScriptedStores, why: str
) -> None:
    """P1: a posture that rests on them must not rest on yesterday's."""
    stores.projects = replace(TWO, unread=DENIED) if why == "unread" else TWO
    await world.scan()
    if why == "required":
        world.require(COVERED_DATA)
    if why == "changed":
        world.read(ONE, replace(ACCOUNT, key_name="other"))
    if why == "partial":
        world.clock.advance(timedelta(minutes=5))
        await world.start_partial([ONE])
        await world.drain()
    else:
        await world.scan()

    assert stores.asked[-1] == {ID}


async def test_p1_requiring_it_is_never_green_by_what_nobody_saw(
    world: ScanWorld, stores: ScriptedStores
) -> None:
    """Before the first scan that looks, nor by what projects said up to a day ago."""
    world.data_stores = None
    world.read(ONE, ACCOUNT)
    await world.scan()
    assert await world.verdict() is PostureVerdict.COMPLIANT

    world.require(COVERED_DATA)
    before = await world.posture()
    world.data_stores = stores
    await world.scan()
    read = await world.posture()
    world.require()
    await world.scan()
    world.require(COVERED_DATA)

    assert read.verdict is PostureVerdict.COMPLIANT
    assert [code for code, _ in (await world.posture()).reasons] == [PostureReason.DATA_UNKNOWN]
    await world.scan()
    assert [code for code, _ in before.reasons] == [PostureReason.DATA_UNKNOWN]
    assert await world.verdict() is PostureVerdict.COMPLIANT
