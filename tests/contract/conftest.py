"""Azurite with tokens, for contracts kept against real storage; started when first asked for.

Tests share it, so each empties the tables and queues that it uses.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import trustme

from local.azurite import Azurite, Certificate

GENEROUS_SECONDS: Final = 60.0
"""A busy machine does within this what needs no waiting; a client's own retries take longer."""


async def wait_for(condition: Callable[[], bool]) -> None:
    """Let the loop run until a condition holds.

    Raises:
        TimeoutError: it did not hold in ``GENEROUS_SECONDS``.

    """
    async with asyncio.timeout(GENEROUS_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is awaited sets no event
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
async def no_socket_left() -> AsyncIterator[None]:
    """Keep the test's loop until its sockets are closed, which may happen in the background.

    What outlives its loop is reported in whatever test runs when it is collected.
    """
    yield
    # No public function lists the sockets of a loop; one of them is the loop's own.
    sockets = vars(asyncio.get_running_loop())["_selector"].get_map()
    await wait_for(lambda: len(sockets) == 1)


@dataclass(frozen=True, slots=True)
class Https:
    """Azurite with tokens, and the file of the authority that signed its certificate."""

    azurite: Azurite
    authority: Path


@pytest.fixture(scope="session")
def azurite_https(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Https]:
    """Azurite over HTTPS, for its URLs and a token."""
    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued = authority.issue_cert("127.0.0.1")
    certificate = Certificate(folder / "certificate.pem", folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(certificate.certificate)
    issued.private_key_pem.write_to_path(certificate.key)
    with Azurite(certificate=certificate) as running:
        yield Https(running, folder / "authority.pem")
