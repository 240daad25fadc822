"""Proxy and certificate authority of the environment are used by the inventory of the app.

In a process of its own: aiohttp makes its TLS context at import.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from local.simulator.simulator import Simulator
from tests.contract.inventory.conftest import SUBSCRIPTION
from tests.contract.proxy import open_proxy

PROGRAM = f"""
import asyncio
from cmk_check.core.model import Subscription
from cmk_check.inventory.azure_inventory import open_inventory
from cmk_check.config.settings import Settings

async def main():
    inventory = await open_inventory(Settings.load())
    reading = await inventory.read(Subscription("{SUBSCRIPTION}"), seconds=5)
    print(reading.gap.reason if reading.gap else "complete")
    await inventory.close()

asyncio.run(main())
"""


async def _read(simulator: Simulator, environ: Mapping[str, str]) -> str:
    """Read in a process of its own; return the gap's reason or "complete"."""
    settings = {**simulator.environment(), "CMK_STORAGE": "UseDevelopmentStorage=true"}
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.curdir, **settings, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.mark.parametrize(
    "name", ["HTTPS_PROXY", pytest.param("https_proxy", marks=pytest.mark.long)]
)
async def test_proxy_of_the_environment_is_used(simulator: Simulator, name: str) -> None:
    """Companies let nothing out but through it; the identity endpoint is asked as the SDK would."""
    async with open_proxy() as proxy:
        answer = await _read(simulator, {name: f"http://me:p%40ss@127.0.0.1:{proxy.port}"})

    host = simulator.url.removeprefix("https://")
    assert answer == "complete"
    assert proxy.asked == [host, host]
    assert proxy.credentials == {"me:p@ss"}


async def test_host_that_needs_no_proxy_is_asked_directly(simulator: Simulator) -> None:
    """NO_PROXY counts, for private endpoints."""
    async with open_proxy() as proxy:
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": "127.0.0.1"}
        answer = await _read(simulator, environ)

    assert (answer, proxy.asked) == ("complete", [])


async def test_unknown_certificate_authority_is_not_trusted(simulator: Simulator) -> None:
    """P6: nobody gets the token; with the simulator's authority the tests above read it all."""
    assert await _read(simulator, {"SSL_CERT_FILE": os.devnull}) == "unreachable"
    assert len(simulator.requests) == 0
