"""``scan`` and Ctrl-C: what is known is shown, and is no answer."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from cmk_check.cli.output_options import OutputOptions
from cmk_check.ports import Table
from tests.fakes.data_stores import WITH_PROJECTS, ScriptedStores
from tests.fakes.exemptions import ScriptedExemptions
from tests.fakes.keys import ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import World, bad, good, sub
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


class _Held:
    """What waits without end; ``reached`` is set when somebody waits for it."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    async def wait(self, *_: object, **__: object) -> NoReturn:
        """Wait without end."""
        self.reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    read = accounts = wait

    def open(self) -> Any:  # noqa: ANN401 - an inventory of any aspect
        """Return it to one who works on a slice."""
        return self

    async def interrupt(self, world: World) -> int:
        """Scan, and interrupt it where it waits."""
        scanning = asyncio.create_task(scan(world, JSON))
        await self.reached.wait()
        for _ in range(50):
            await asyncio.sleep(0)  # the others come as far meanwhile
        scanning.cancel()
        return await scanning


def _hold(name: str) -> Callable[[World, Any], None]:
    return lambda world, held: setattr(world, name, held)


@pytest.mark.parametrize(
    "hold",
    [_hold(name) for name in ("keys", "exemptions", "data_stores", "account_search")],
    ids=["keys", "exemptions", "data stores", "Resource Graph"],
)
async def test_what_was_read_is_in_the_result_whatever_it_waits_for(
    hold: Callable[[World, Any], None], capsys: Output
) -> None:
    """The progress bar has counted it; and nothing more is read once the scan is to end."""
    world, held = World(), _Held()
    world.keys, world.exemptions = ScriptedKeys(), ScriptedExemptions()
    world.data_stores = ScriptedStores()
    world.listed(sub(1), sub(2))
    for number in (1, 2):
        world.read(
            sub(number),
            replace(good(sub(number)), places=WITH_PROJECTS),
            bad(sub(number), "lab"),
        )
    hold(world, held)

    code = await held.interrupt(world)

    document = json.loads(capsys.readouterr().out)
    found = sorted((each["name"], each["verdict"]) for each in document["findings"])
    assert code == 130
    assert found == [("chat", "compliant")] * 2 + [("lab", "non_compliant")] * 2
    assert {each["keyHealth"]["state"] for each in document["findings"] if each["keyHealth"]} == {
        "unknown"
    }
    assert document["status"]["posture"] == "non_compliant"
    assert document["partial"] is True
    assert isinstance(world.keys, _Held) or not world.keys.asked


async def test_p4_what_is_cut_off_replaces_nothing_that_is_recorded() -> None:
    """In a store, a healthy key would become unknown, and an alert say so."""
    world = world_of("good")
    world.keys = ScriptedKeys()
    await scan(world)
    before = await world.findings()
    held = _Held()
    world.keys.before_read = held.wait
    world.clock.advance(timedelta(hours=1))

    await held.interrupt(world)

    assert await world.findings() == before


async def test_a_recording_that_has_begun_ends(capsys: Output) -> None:
    """A store takes its time, and what was sent to it would be recorded by halves."""
    held, reached = asyncio.Event(), asyncio.Event()

    async def wait(name: str, table: Table, _partition: str) -> None:
        if (name, table) == ("commit", Table.FINDINGS):
            reached.set()
            await held.wait()

    world = World(RecordingStore(before=wait))
    world.listed(sub(1))
    world.read(sub(1), good(sub(1)))
    scanning = asyncio.create_task(scan(world, JSON))
    await reached.wait()
    scanning.cancel()
    await asyncio.sleep(0)
    held.set()

    assert await scanning == 130
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["findings"]] == ["chat"]


async def test_a_result_that_is_being_written_is_written_whole(capsys: Output) -> None:
    """The scan is over: minutes would be lost for nothing."""
    ended, reached = asyncio.Event(), asyncio.Event()

    async def wait(name: str, table: Table, _partition: str) -> None:
        if world.teller.ended and (name, table) == ("query", Table.FINDINGS):
            reached.set()
            await ended.wait()

    world = World(RecordingStore(before=wait))
    world.listed(sub(1))
    world.read(sub(1), good(sub(1)))
    scanning = asyncio.create_task(scan(world, JSON))
    await reached.wait()
    scanning.cancel()
    await asyncio.sleep(0)
    ended.set()

    assert await scanning == 130
    document = json.loads(capsys.readouterr().out)
    assert (document["partial"], document["status"]["posture"]) == (False, "compliant")


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
