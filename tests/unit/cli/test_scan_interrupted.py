"""``scan`` and Ctrl-C: what is known is shown, and is no answer."""

import asyncio
import json
from datetime import timedelta

import pytest

from cmk_check.cli.output_options import OutputOptions
from tests.fakes.world import World
from tests.unit.cli.scan_kit import JSON, scan, world_of

type Output = pytest.CaptureFixture[str]


async def _interrupted(world: World, options: OutputOptions) -> int:
    """Scan, and interrupt it while the last subscription is being read."""
    reached = asyncio.Event()

    async def wait(subscription_id: str) -> None:
        if subscription_id == world.inventory.listed[-1].id:
            reached.set()
            await asyncio.Event().wait()

    world.inventory.before_read = wait
    scanning = asyncio.create_task(scan(world, options))
    await reached.wait()
    for _ in range(50):
        await asyncio.sleep(0)  # the others are recorded meanwhile
    scanning.cancel()
    return await scanning


async def test_p1_an_interrupted_scan_shows_what_it_knew_and_is_never_green(
    capsys: Output,
) -> None:
    """The rest may be the bad part."""
    code = await _interrupted(world_of("good", "good", "bad"), JSON)

    written = capsys.readouterr()
    document = json.loads(written.out)
    assert code == 130
    assert document["partial"] is True
    assert [found["verdict"] for found in document["findings"]] == ["compliant", "compliant"]
    assert document["status"]["posture"] == "unknown"
    assert document["status"]["accounts"]["compliant"] == 2
    assert document["status"]["reasons"][0]["code"] == "scan_failed"
    assert "interrupted" in written.err


async def test_p1_an_interrupted_scan_shows_the_violation_that_it_found(capsys: Output) -> None:
    """Known so far is enough to act on."""
    code = await _interrupted(world_of("bad", "good"), OutputOptions())

    out = capsys.readouterr().out
    assert code == 130
    assert "The scan was interrupted" in out
    assert out.splitlines()[-1] == "posture: non_compliant"


async def test_p1_an_older_answer_does_not_make_an_interrupted_scan_green(capsys: Output) -> None:
    """In a store the last whole scan said compliant, a minute ago."""
    world = world_of("good", "good")
    assert await scan(world) == 0
    world.clock.advance(timedelta(minutes=1))
    capsys.readouterr()

    code = await _interrupted(world, JSON)

    assert code == 130
    assert json.loads(capsys.readouterr().out)["status"]["posture"] == "unknown"


async def test_an_interrupted_scan_gives_its_lease_back() -> None:
    """In a store the next scan would have to wait for half an hour."""
    world = world_of("good", "good")
    await _interrupted(world, JSON)
    world.clock.advance(timedelta(seconds=1))

    started = await world.start()

    assert started.new


async def test_an_interruption_before_anything_is_read_shows_nothing_as_known(
    capsys: Output,
) -> None:
    """Zero accounts are no compliant estate."""
    code = await _interrupted(world_of("good"), OutputOptions())

    out = capsys.readouterr().out
    assert code == 130
    assert "accounts: 0:" in out
    assert out.splitlines()[-1] == "posture: unknown"
