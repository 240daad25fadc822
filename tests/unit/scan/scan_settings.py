"""Settings of a program that a test changes, and a violation that an exemption accepts."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from cmk_check.core.enums import ExceptionMode
from cmk_check.core.requirements import Requirement
from tests.fakes.world import BEGINNING, World, bad
from tests.unit.scan.faulty_processes import TWO

END: Final = BEGINNING + timedelta(days=100)
ACCOUNT: Final = str(bad(TWO).id)


def set_mode(world: World, mode: ExceptionMode) -> None:
    """Let exceptions count, or not, from now on."""
    expect = replace(world.options.expectations, exceptions=mode)
    world.options = replace(world.options, expectations=expect)


def require(world: World, *requirements: Requirement) -> None:
    """Let the posture be compliant only where these hold, from now on."""
    expect = replace(world.options.expectations, requires=frozenset(requirements))
    world.options = replace(world.options, expectations=expect)
