"""How an interrupted ``scan`` ends where data must be covered."""

from dataclasses import replace

import pytest

from cmk_check.cli.scan_result import ScanResult
from cmk_check.core.data_stores.facts import ProjectPlaces, StoreKey
from cmk_check.core.requirements import COVERED_DATA
from tests.fakes.data_stores import MICROSOFT, OWN, WITH_PROJECTS, ScriptedStores, place
from tests.fakes.world import World, good, sub
from tests.unit.cli.scan_kit import SETTINGS


@pytest.mark.parametrize(
    ("key", "required", "posture"),
    [
        (MICROSOFT, True, "non_compliant"),
        (MICROSOFT, False, "unknown"),
        (OWN, True, "unknown"),
    ],
    ids=["exposed", "exposed where it does not count", "covered"],
)
async def test_p1_an_interrupted_scan_says_of_data_what_it_knew(
    key: StoreKey, posture: str, *, required: bool
) -> None:
    """What was found is not taken back by an end before its time, nor is the rest called well."""
    world = World()
    world.listed(sub(1))
    world.read(sub(1), replace(good(sub(1)), places=WITH_PROJECTS))
    world.data_stores = ScriptedStores(ProjectPlaces((place("files"),)), {"files": key})
    expect = replace(
        world.options.expectations, requires=frozenset({COVERED_DATA} if required else ())
    )
    world.options = replace(world.options, expectations=expect)
    await world.scan()

    status = await ScanResult(world.context, SETTINGS, partial=True).status()

    assert status.posture == posture
