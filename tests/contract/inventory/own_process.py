"""A reading of the simulator's subscription in a process of its own, as the app opens it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping

from local.simulator.simulator import Simulator
from tests.contract.inventory.conftest import SUBSCRIPTION

_PROGRAM = f"""
import asyncio
import resource
from cmk_check.core.model import Subscription
from cmk_check.inventory.azure_inventory import open_inventory
from cmk_check.config.settings import Settings

async def main():
    inventory = await open_inventory(Settings.load())
    {{first}}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reading = await inventory.read(Subscription("{SUBSCRIPTION}"), seconds={{seconds}})
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(after - before, reading.gap.reason if reading.gap else "complete", reading.gap)
    await inventory.close()

asyncio.run(main())
"""


async def read(
    simulator: Simulator,
    environ: Mapping[str, str] | None = None,
    *,
    seconds: int,
    first: str = "pass",
) -> tuple[int, str, str]:
    """Return by how many KiB the memory grew, the gap's reason or "complete", and the gap.

    ``first`` is a statement that is run before.
    """
    settings = {**simulator.environment(), "CMK_STORAGE": "UseDevelopmentStorage=true"}
    program = _PROGRAM.format(first=first, seconds=seconds)
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "error", "-c", program],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.curdir,
            **settings,
            **(environ or {}),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    grown, reason, gap = ran.stdout.strip().split(" ", 2)
    return int(grown), reason, gap
