"""``scan`` and Ctrl-C: what is known is shown, and is no answer."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cmk_check.cli.exit_codes import WRITTEN
from cmk_check.cli.output_options import OutputOptions
from cmk_check.cli.scan_result import ScanResult
from cmk_check.ports import Table
from tests.fakes.exemptions import ScriptedExemptions
from tests.fakes.keys import ScriptedKeys
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import World, bad, good, sub
from tests.unit.cli.scan_kit import JSON, SETTINGS, scan, world_of, world_of_keys

type Output = pytest.CaptureFixture[str]


class _Held:
    """What waits until it is let go; ``reached`` is set when somebody waits for it."""

    def __init__(self) -> None:
        self.reached, self.let_go = asyncio.Event(), asyncio.Event()

    async def wait(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - nothing
        """Wait."""
        self.reached.set()
        await self.let_go.wait()

    read = accounts = wait

    def open(self) -> Any:  # noqa: ANN401 - an inventory of any aspect
        """Return it to one who works on a slice."""
        return self

    async def interrupt(self, world: World, options: OutputOptions = JSON) -> int:
        """Scan, and interrupt it where it waits; then let go what does not end by that."""
        scanning = asyncio.create_task(scan(world, options))
        await self.reached.wait()
        for _ in range(50):
            await asyncio.sleep(0)  # the others come as far meanwhile
        scanning.cancel()
        await asyncio.sleep(0)
        self.let_go.set()
        return await scanning


async def _interrupted(world: World, options: OutputOptions) -> int:
    """Scan, and interrupt it while the last subscription is being read."""
    held = _Held()

    async def wait(subscription_id: str) -> None:
        if subscription_id == world.inventory.listed[-1].id:
            await held.wait()

    world.inventory.before_read = wait
    return await held.interrupt(world, options)


async def _interrupted_at(place: tuple[str, Table], *, after_its_end: bool = False) -> int:
    """Scan one account, and interrupt it in this operation of the store."""
    held = _Held()

    async def wait(name: str, table: Table, _partition: str) -> None:
        if (name, table) == place and bool(world.teller.ended) == after_its_end:
            await held.wait()

    world = World(RecordingStore(before=wait))
    world.listed(sub(1))
    world.read(sub(1), good(sub(1)))
    return await held.interrupt(world)


def _hold(name: str, places: int = 32) -> Callable[[World, Any], None]:
    def hold(world: World, held: _Held) -> None:
        setattr(world, name, held)
        world.places = places

    return hold


@pytest.mark.parametrize(
    "hold",
    [*map(_hold, ("keys", "exemptions", "account_search")), _hold("keys", places=1)],
    ids=["keys", "exemptions", "Resource Graph", "the keys of others"],
)
async def test_what_was_read_is_in_the_result_whatever_it_waits_for(
    hold: Callable[[World, Any], None], capsys: Output
) -> None:
    """The progress bar has counted it; and nothing more is read once the scan is to end."""
    world, held = World(), _Held()
    world.keys, world.exemptions = ScriptedKeys(), ScriptedExemptions()
    world.listed(sub(1), sub(2))
    for number in (1, 2):
        world.read(sub(number), good(sub(number)), bad(sub(number), "lab"))
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


@pytest.mark.parametrize(
    ("name", "after_its_end", "posture"),
    # What was sent to the store would be recorded by halves; a scan that is over, lost.
    [("commit", False, "unknown"), ("query", True, "compliant")],
    ids=["recording", "writing the result"],
)
async def test_what_has_begun_at_the_store_ends(
    capsys: Output, name: str, posture: str, *, after_its_end: bool
) -> None:
    """A store takes its time."""
    code = await _interrupted_at((name, Table.FINDINGS), after_its_end=after_its_end)

    document = json.loads(capsys.readouterr().out)
    assert code == 130
    assert [each["name"] for each in document["findings"]] == ["chat"]
    assert (document["partial"], document["status"]["posture"]) == (not after_its_end, posture)


async def test_a_result_that_was_written_keeps_its_code() -> None:
    """Somebody who has read it presses Ctrl-C because the prompt is late, and it is no failure."""
    held = _Held()

    async def wait(*_: object) -> None:
        if WRITTEN.code is not None:
            await held.wait()

    world = World(RecordingStore(before=wait))
    world.listed(sub(1))
    world.read(sub(1), bad(sub(1)))

    assert await held.interrupt(world) == 1


@pytest.mark.parametrize(
    ("verdicts", "accounts", "posture"),
    [
        (("good", "good", "bad"), 2, "unknown"),
        (("bad", "good"), 1, "non_compliant"),
        (("good",), 0, "unknown"),
    ],
    ids=["not the violation", "a violation", "nothing"],
)
async def test_p1_the_table_of_an_interrupted_scan_has_what_it_knew(
    capsys: Output, verdicts: tuple[str, ...], accounts: int, posture: str
) -> None:
    """The rest may be the bad part; and what is known of a violation is enough to act on."""
    code = await _interrupted(world_of(*verdicts), OutputOptions())

    out = capsys.readouterr().out
    assert code == 130
    assert "The scan was interrupted" in out
    assert f"accounts: {accounts}:" in out
    assert out.splitlines()[-1] == f"posture: {posture}"


async def test_p1_an_older_answer_does_not_make_an_interrupted_scan_green(capsys: Output) -> None:
    """In a store the last whole scan said compliant, a minute ago."""
    world = world_of("good", "good")
    assert await scan(world) == 0
    world.clock.advance(timedelta(minutes=1))
    capsys.readouterr()

    code = await _interrupted(world, JSON)

    assert code == 130
    assert json.loads(capsys.readouterr().out)["status"]["posture"] == "unknown"


@pytest.mark.parametrize(
    ("world", "posture"),
    [
        (world_of_keys("broken", required=True), "non_compliant"),
        (world_of_keys("broken"), "unknown"),
        (world_of_keys("healthy", required=True), "unknown"),
    ],
    ids=["broken", "broken, not required", "healthy"],
)
async def test_p1_an_interrupted_scan_says_what_it_knew_of_keys(world: World, posture: str) -> None:
    """What was found is not taken back by an end before its time, nor is the rest called well."""
    await world.scan()

    status = await ScanResult(world.context, SETTINGS, partial=True).status()

    assert status.posture == posture
    assert status.keys is not None
    assert sum(status.keys.model_dump().values()) == 1
