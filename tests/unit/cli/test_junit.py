"""The result of ``scan`` as JUnit XML: what a CI server shows of it; a whole one is in golden."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.core.account import Subscription
from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.unread import Unread
from tests.fakes.hostile import NAMES
from tests.fakes.world import World, sub
from tests.unit.cli.scan_kit import (
    FORBIDDEN,
    scan,
    world_of,
    world_of_keys,
)

# That of Jenkins, by Gregory Boissinot (MIT; the file has the licence), as pytest's tests use it.
SCHEMA: Final = xmlschema.XMLSchema(Path(__file__).with_name("junit-10.xsd"))
type Output = pytest.CaptureFixture[bytes]


async def _suite(world: World, capsys: Output) -> ET.Element:
    await scan(world, OutputOptions(Format.JUNIT, quiet=True))
    out = capsys.readouterr().out
    SCHEMA.validate(out.decode())
    (suite,) = ET.fromstring(out)  # noqa: S314 - our own
    return suite


def _outcomes(suite: ET.Element) -> list[tuple[str, list[tuple[str, str | None]]]]:
    return [
        (test.get("name", ""), [(element.tag, element.get("type")) for element in test])
        for test in suite
    ]


async def test_a_test_that_fails_and_has_an_error_counts_once(capsysbinary: Output) -> None:
    """CI servers subtract both sums from that of the tests."""
    world = world_of_keys("broken", required=True)
    assert world.keys is not None
    facts = {each: replace(key, scopes=Unread(FORBIDDEN)) for each, key in world.keys.facts.items()}
    world.keys.facts.update(facts)

    suite = await _suite(world, capsysbinary)

    tags = [element.tag for element in suite[1]]
    assert {"failure", "error"} <= set(tags)
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["2", "1", "0"]


@pytest.mark.parametrize("case", ["gap", "stale"])
async def test_an_old_compliant_is_no_test_that_passes(capsysbinary: Output, case: str) -> None:
    """This scan has not read the account: what is recorded of it is as old as the last that has."""
    world = world_of("good", "bad")
    await _suite(world, capsysbinary)
    if case == "gap":
        world.read(sub(1), gap=FORBIDDEN)
    else:
        world.clock.advance(timedelta(days=7))
        world.inventory.listed = ()

    suite = await _suite(world, capsysbinary)

    outcomes = dict(zip(("chat", "other"), _outcomes(suite)[-2:], strict=True))
    reason = "subscriptions_unread" if case == "gap" else "stale"
    assert outcomes["chat"] == ("rg/chat", [("skipped", reason)])
    assert outcomes["other"] == ("rg/chat", [("failure", "microsoft_managed_key")])
    assert "2026-" in suite[-2][0].get("message", "")
    assert suite.get("skipped") == "1"


@pytest.mark.parametrize("name", [*NAMES, "a\x01b\x0b\ufffe\uffffc"])
async def test_p10_a_hostile_name_is_text(capsysbinary: Output, name: str) -> None:
    """XML has no place for most control characters, not even as references."""
    world = world_of("gap", "bad")
    world.inventory.listed = (Subscription(sub(1), name), Subscription(sub(2), name))
    world.read(sub(1), gap=Gap(GapReason.FORBIDDEN, detail=name))

    suite = await _suite(world, capsysbinary)

    assert len(_outcomes(suite)) == 3
    assert all(text.strip().isprintable() for text in suite.itertext())
