"""An answer costs no more memory than the limit allows, however small it is on the wire.

Each in a process of its own, whose memory is measured.
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

MIB = 1024**2
GZIP_HEADER = b"\x1f\x8b\x08" + bytes(7)
PROGRAM = f"""
import asyncio
from cmk_check.core.model import Subscription
import resource
from cmk_check.inventory.azure_inventory import open_inventory
from cmk_check.config.settings import Settings

async def main():
    inventory = await open_inventory(Settings.load())
    await inventory.subscriptions()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reading = await inventory.read(Subscription("{SUBSCRIPTION}"), seconds=30)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(after - before, reading.gap)
    await inventory.close()

asyncio.run(main())
"""


def _packed(mebibytes: int) -> bytes:
    """Pack an empty list of accounts that is this large once it is unpacked."""
    blank, end = b" " * MIB, b'{"value": []}'
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    # A full flush forgets what came before, so that one packed mebibyte serves for all of them.
    packed = packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.crc32(end, reduce(lambda sum_, _: zlib.crc32(blank, sum_), range(mebibytes), 0))
    trailer = struct.pack("<II", checksum, mebibytes * MIB + len(end))
    return GZIP_HEADER + packed * mebibytes + packer.compress(end) + packer.flush() + trailer


async def _read(simulator: Simulator) -> tuple[int, str]:
    """Return by how many MiB the memory of a process grew, and the gap."""
    settings = {**simulator.environment(), "CMK_STORAGE": "UseDevelopmentStorage=true"}
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.curdir, **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    kibibytes, _, gap = ran.stdout.strip().partition(" ")
    return int(kibibytes) // 1024, gap


@pytest.mark.parametrize("status", [200, pytest.param(403, marks=pytest.mark.long)])
async def test_answer_that_unpacks_to_too_much_is_a_gap_and_costs_little_memory(
    simulator: Simulator, status: int
) -> None:
    """Less than a megabyte on the wire must not bring down the process, and all slices in it."""
    bomb = _packed(8 * MAX_ARM_BODY_MIB)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    fault = Fault(path=ACCOUNTS, then=Answer(status=status, body=bomb, headers=headers))
    simulator.faults.add(fault)

    grown, gap = await _read(simulator)

    assert len(bomb) < MIB
    assert f"larger than {MAX_ARM_BODY_MIB} MiB" in gap
    assert grown < 3 * MAX_ARM_BODY_MIB
    assert simulator.faults.hits(fault) == 1


async def test_large_answer_below_the_limit_is_read(simulator: Simulator) -> None:
    """A page of a thousand large accounts has 41 MB."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = _packed(MAX_ARM_BODY_MIB - 1)
    simulator.faults.add(Fault(path=ACCOUNTS, then=Answer(body=body, headers=headers)))

    _, gap = await _read(simulator)

    assert gap == "None"
