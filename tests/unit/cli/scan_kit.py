"""A scripted estate, and ``scan`` over it."""

from typing import Any

from cmk_check.cli.output_options import Format, OutputOptions
from cmk_check.cli.scan_report import report
from cmk_check.config.settings import Settings
from cmk_check.core.enums import GapReason
from cmk_check.core.model import Gap
from tests.fakes.world import World, bad, good, odd, sub

FORBIDDEN = Gap(GapReason.FORBIDDEN, "Some/action", "Grant the role Reader.")
SETTINGS = Settings.load_for_scan(environ={})
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


async def scan(world: World, options: OutputOptions = OutputOptions()) -> int:  # noqa: B008 - a value
    """Scan it and write the result; return the exit code."""
    return await report(world.context, SETTINGS, options)
