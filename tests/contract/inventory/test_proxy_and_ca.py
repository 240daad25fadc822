"""Proxy and certificate authority of the environment are used by the inventory of the app.

In a process of its own: aiohttp makes its TLS context at import.
"""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from local.simulator.simulator import Simulator
from tests.contract.inventory.conftest import SUBSCRIPTION

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


@dataclass
class Proxy:
    """A proxy that connects whoever asks and notes for where, and with which credentials."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    credentials: set[str] = field(default_factory=set)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one CONNECT, then pass on bytes both ways."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        _, target, _ = head.split("\r\n")[0].split(" ")
        self.asked.append(target)
        for line in head.split("\r\n"):
            if line.lower().startswith("proxy-authorization: basic "):
                self.credentials.add(base64.b64decode(line.split(" ")[2]).decode())
        there_reader, there_writer = await asyncio.open_connection(*target.split(":"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))
        await asyncio.gather(
            there_writer.wait_closed(), writer.wait_closed(), return_exceptions=True
        )


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def _proxy() -> AsyncIterator[Proxy]:
    proxy = Proxy()
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy


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


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
async def test_proxy_of_the_environment_is_used(simulator: Simulator, name: str) -> None:
    """Companies let nothing out but through it; the identity endpoint is asked as the SDK would."""
    async with _proxy() as proxy:
        answer = await _read(simulator, {name: f"http://me:p%40ss@127.0.0.1:{proxy.port}"})

    host = simulator.url.removeprefix("https://")
    assert answer == "complete"
    assert proxy.asked == [host, host]
    assert proxy.credentials == {"me:p@ss"}


async def test_host_that_needs_no_proxy_is_asked_directly(simulator: Simulator) -> None:
    """NO_PROXY counts, for private endpoints."""
    async with _proxy() as proxy:
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": "127.0.0.1"}
        answer = await _read(simulator, environ)

    assert (answer, proxy.asked) == ("complete", [])


async def test_unknown_certificate_authority_is_not_trusted(simulator: Simulator) -> None:
    """P6: with the simulator's authority it works, without it nobody gets the token."""
    with_authority = await _read(simulator, {})
    simulator.requests.clear()
    without = await _read(simulator, {"SSL_CERT_FILE": os.devnull})

    assert (with_authority, without) == ("complete", "unreachable")
    assert len(simulator.requests) == 0
