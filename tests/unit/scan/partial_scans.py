"""Partial scans, asked for late enough after the last start."""

from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.limits import SCAN_SPACING
from cmk_check.scan.start import request
from tests.fakes.world import World


async def asked(world: World, *named: str) -> StartAnswer:
    """Ask for a partial scan, late enough after the last start."""
    world.clock.advance(SCAN_SPACING)
    return await request(world.context, named)


async def partial_scan(world: World, *named: str) -> str:
    """Run a partial scan; return its id."""
    answer = await asked(world, *named)
    assert answer.outcome is StartOutcome.STARTED
    await world.drain()
    return answer.scan_id


async def verdict(world: World) -> str:
    """Return the posture that the API gives now."""
    return (await world.posture()).verdict.value
