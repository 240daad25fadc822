"""Proxy and certificate authority of the environment are used by the inventory of the app.

In a process of its own: aiohttp makes its TLS context at import.
"""

import os

import pytest

from local.simulator.simulator import Simulator
from tests.contract.inventory.own_process import read
from tests.contract.proxy import open_proxy


@pytest.mark.parametrize(
    "name", ["HTTPS_PROXY", pytest.param("https_proxy", marks=pytest.mark.long)]
)
async def test_proxy_of_the_environment_is_used(simulator: Simulator, name: str) -> None:
    """Companies let nothing out but through it; the identity endpoint is asked as the SDK would."""
    async with open_proxy() as proxy:
        environ = {name: f"http://me:p%40ss@127.0.0.1:{proxy.port}"}
        _, answer, _ = await read(simulator, environ, seconds=5)

    host = simulator.url.removeprefix("https://")
    assert answer == "complete"
    assert proxy.asked == [host, host]
    assert proxy.credentials == {"me:p@ss"}


async def test_host_that_needs_no_proxy_is_asked_directly(simulator: Simulator) -> None:
    """NO_PROXY counts, for private endpoints."""
    async with open_proxy() as proxy:
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": "127.0.0.1"}
        _, answer, _ = await read(simulator, environ, seconds=5)

    assert (answer, proxy.asked) == ("complete", [])


async def test_unknown_certificate_authority_is_not_trusted(simulator: Simulator) -> None:
    """P6: nobody gets the token; with the simulator's authority the tests above read it all."""
    _, answer, _ = await read(simulator, {"SSL_CERT_FILE": os.devnull}, seconds=30)

    assert answer == "unreachable"
    assert len(simulator.requests) == 0
