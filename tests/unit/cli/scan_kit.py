"""A scripted estate, and ``scan`` over it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.cli.scan_report import report
from cmk_check.config.settings import Settings
from cmk_check.core.enums import ExceptionMode, GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.posture import Expectations
from cmk_check.core.requirements import HEALTHY_KEYS
from cmk_check.ports import InventoryError
from tests.fakes.exemptions import ScriptedExemptions, exempted
from tests.fakes.keys import DISABLED, HEALTHY, UNPROTECTED, UNREAD, ScriptedKeys
from tests.fakes.world import BEGINNING, World, bad, good, odd, sub

FORBIDDEN = Gap(GapReason.FORBIDDEN, "Some/action", "Grant the Reader role.")
SETTINGS = Settings.load_for_scan(environ={})
_OF_STATE = {
    "healthy": HEALTHY,
    "at_risk": UNPROTECTED,
    "broken": replace(DISABLED, vault=UNPROTECTED.vault),
    "unknown": UNREAD,
}
ACCEPTED_UNTIL = BEGINNING + timedelta(days=100)
JSON, CSV = OutputOptions(Format.JSON), OutputOptions(Format.CSV)


def world_of(*verdicts: str, **options: Any) -> World:  # noqa: ANN401 - those of Options
    """Make a world with a subscription for each word."""
    world = World(**options)
    make = {"good": good, "bad": bad, "odd": odd}
    world.listed(*(sub(number) for number in range(1, len(verdicts) + 1)))
    for number, verdict in enumerate(verdicts, 1):
        if verdict == "gap":
            world.read(sub(number), gap=FORBIDDEN)
        elif verdict == "part":
            world.read(sub(number), bad(sub(number)), gap=FORBIDDEN)
        elif verdict != "empty":
            world.read(sub(number), make[verdict](sub(number)))
    return world


def world_of_unread_group(*verdicts: str) -> World:
    """Make a world whose management group cannot be read."""
    world = world_of(*verdicts, management_group="mg-ai")
    world.inventory.group_error = InventoryError(FORBIDDEN)
    return world


def world_of_exceptions(
    *verdicts: str,
    accepted: Collection[int],
    mode: ExceptionMode = ExceptionMode.ACCEPT,
    until: datetime | None = ACCEPTED_UNTIL,
) -> World:
    """Make a world in which the subscriptions with these numbers are exempted until a time."""
    world = world_of(*verdicts, expectations=Expectations(timedelta(hours=3), exceptions=mode))
    world.exemptions = ScriptedExemptions(
        {
            sub(number): exempted(
                sub(number), until, created_by="ann@corp.test", approved_by="Bea Boss"
            )
            for number in accepted
        }
    )
    return world


def world_of_keys(*states: str, required: bool = False) -> World:
    """Make a world with a compliant account for each state of a key (up to a dash in its name)."""
    accounts = [good(sub(1), state) for state in states]
    keys = ScriptedKeys(
        {str(each.id): _OF_STATE[each.id.name.partition("-")[0]] for each in accounts}
    )
    expectations = Expectations(
        timedelta(hours=3), requires=frozenset({HEALTHY_KEYS} if required else ())
    )
    world = World(keys=keys, expectations=expectations)
    world.listed(sub(1))
    world.read(sub(1), *accounts)
    return world


async def scan(world: World, options: OutputOptions = OutputOptions()) -> int:  # noqa: B008 - a value
    """Scan it and write the result; return the exit code."""
    return await report(world.context, SETTINGS, options)
