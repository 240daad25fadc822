"""An answer costs no more memory than the limit allows, however small it is on the wire.

Each in a process of its own, whose memory is measured.
"""

import struct
import zlib
from functools import reduce

import pytest

from cmk_check.limits import MAX_ARM_BODY_MIB
from local.simulator.faults import Answer, Fault
from local.simulator.simulator import Simulator
from tests.contract.inventory.conftest import ACCOUNTS
from tests.contract.inventory.own_process import read

MIB = 1024**2
# The sign-in and the SDK are loaded before memory is measured.
_WARM = "await inventory.subscriptions()"
GZIP_HEADER = b"\x1f\x8b\x08" + bytes(7)


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
async def test_answer_that_unpacks_to_too_much_is_a_gap_and_costs_little_memory(
    simulator: Simulator, status: int
) -> None:
    """Less than a megabyte on the wire must not bring down the process, and all slices in it."""
    bomb = _packed(8 * MAX_ARM_BODY_MIB)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    fault = Fault(path=ACCOUNTS, then=Answer(status=status, body=bomb, headers=headers))
    simulator.faults.add(fault)

    grown, _, gap = await read(simulator, seconds=30, first=_WARM)

    assert len(bomb) < MIB
    assert f"larger than {MAX_ARM_BODY_MIB} MiB" in gap
    assert grown // 1024 < 3 * MAX_ARM_BODY_MIB
    assert simulator.faults.hits(fault) == 1


async def test_large_answer_below_the_limit_is_read(simulator: Simulator) -> None:
    """A page of a thousand large accounts has 41 MB."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    body = _packed(MAX_ARM_BODY_MIB - 1)
    simulator.faults.add(Fault(path=ACCOUNTS, then=Answer(body=body, headers=headers)))

    _, answer, _ = await read(simulator, seconds=30)

    assert answer == "complete"
