"""A violation that an exemption accepts for a time."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from cmk_check.core.enums import ExceptionMode
from tests.fakes.world import BEGINNING, World, bad
from tests.unit.scan.faulty_processes import TWO

END: Final = BEGINNING + timedelta(days=100)
ACCOUNT: Final = str(bad(TWO).id)


def set_mode(world: World, mode: ExceptionMode) -> None:
    """Let exceptions count, or not, from now on."""
    expect = replace(world.options.expectations, exceptions=mode)
    world.options = replace(world.options, expectations=expect)
