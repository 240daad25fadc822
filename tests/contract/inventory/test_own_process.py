"""What the inventory takes from its process: memory, the proxy, the certificate authorities.

Each reading is in a process of its own: its memory is measured, and aiohttp makes its TLS context
at import.
"""

import asyncio
import os
import struct
import subprocess
import sys
import zlib
from functools import reduce

import pytest

from cmk_check.limits import MAX_ARM_BODY_MIB
from local.simulator.faults import Answer, Fault
from local.simulator.simulator import Simulator
from tests.contract.inventory.conftest import ACCOUNTS, SUBSCRIPTION
from tests.contract.proxy import open_proxy

MIB = 1024**2
GZIP_HEADER = b"\x1f\x8b\x08" + bytes(7)
PACKED = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
# The sign-in and the SDK are loaded before memory is measured.
PROGRAM = f"""
import asyncio
import resource
from cmk_check.core.model import Subscription
from cmk_check.inventory.azure_inventory import open_inventory
from cmk_check.config.settings import Settings
from cmk_check.ports import InventoryError

async def main():
    inventory = await open_inventory(Settings.load())
    try:
        await inventory.subscriptions()
    except InventoryError:
        pass
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reading = await inventory.read(Subscription("{SUBSCRIPTION}"), seconds=30)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(after - before, reading.gap.reason if reading.gap else "complete", reading.gap)
    await inventory.close()

asyncio.run(main())
"""


async def _read(simulator: Simulator, **environ: str) -> tuple[int, str, str]:
    """Return by how many KiB the memory grew, the gap's reason or "complete", and the gap."""
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
    grown, reason, gap = ran.stdout.strip().split(" ", 2)
    return int(grown), reason, gap


def _packed(mebibytes: int) -> bytes:
    """Pack an empty list of accounts that is this large once it is unpacked."""
    blank, end = b" " * MIB, b'{"value": []}'
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    # A full flush forgets what came before, so that one packed mebibyte serves for all of them.
    packed = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.crc32(end, reduce(lambda sum_, _: zlib.crc32(blank, sum_), range(mebibytes), 0))
    trailer = struct.pack("<II", checksum, mebibytes * MIB + len(end))
    return GZIP_HEADER + packed * mebibytes + packer.compress(end) + packer.flush() + trailer


@pytest.mark.parametrize("status", [200, pytest.param(403, marks=pytest.mark.long)])
async def test_answer_that_unpacks_to_too_much_is_a_gap_and_costs_little_memory_p8(
    simulator: Simulator, status: int
) -> None:
    """P8: less than a megabyte on the wire must not bring down all slices in the process."""
    bomb = _packed(8 * MAX_ARM_BODY_MIB)
    fault = Fault(path=ACCOUNTS, then=Answer(status=status, body=bomb, headers=PACKED))
    simulator.faults.add(fault)

    grown, _, gap = await _read(simulator)

    assert len(bomb) < MIB
    assert f"larger than {MAX_ARM_BODY_MIB} MiB" in gap
    assert grown // 1024 < 3 * MAX_ARM_BODY_MIB
    assert simulator.faults.hits(fault) == 1


async def test_large_answer_below_the_limit_is_read_through_the_proxy(simulator: Simulator) -> None:
    """A page of a thousand large accounts has 41 MB; companies let nothing out but by a proxy."""
    body = _packed(MAX_ARM_BODY_MIB - 1)
    simulator.faults.add(Fault(path=ACCOUNTS, then=Answer(body=body, headers=PACKED)))

    async with open_proxy() as proxy:
        _, answer, _ = await _read(
            simulator, HTTPS_PROXY=f"http://me:p%40ss@127.0.0.1:{proxy.port}"
        )

    host = simulator.url.removeprefix("https://")
    assert answer == "complete"
    assert {*proxy.asked} == {host}
    assert proxy.credentials == {"me:p@ss"}


async def test_host_that_needs_no_proxy_is_asked_directly(simulator: Simulator) -> None:
    """NO_PROXY counts, for private endpoints."""
    async with open_proxy() as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        _, answer, _ = await _read(simulator, https_proxy=address, NO_PROXY="127.0.0.1")

    assert (answer, proxy.asked) == ("complete", [])


async def test_unknown_certificate_authority_is_not_trusted_p6(simulator: Simulator) -> None:
    """P6: nobody gets the token; with the simulator's authority the tests above read it all."""
    _, answer, _ = await _read(simulator, SSL_CERT_FILE=os.devnull)

    assert answer == "unreachable"
    assert len(simulator.requests) == 0
