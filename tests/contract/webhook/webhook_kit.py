"""Ways to open a webhook against the test's receivers, and names that lead where a test says."""

import base64
import socket
from collections.abc import Callable

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from cmk_check.alerts.webhook import HttpWebhook
from cmk_check.ports import DeliveryFailed
from tests.contract.webhook.conftest import change

SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()

type Open = Callable[..., HttpWebhook]


class Resolver(AbstractResolver):
    """Resolves every name to the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Answer for any name."""
        del family
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


class Nowhere(Resolver):
    """Resolves no name, as a resolver does for one that is not there."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Fail."""
        del family
        raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port} is not known")


async def failure_of(webhook: HttpWebhook, *numbers: int) -> DeliveryFailed:
    """Post changes, and return how that failed."""
    with pytest.raises(DeliveryFailed) as raised:
        await webhook.post([change(number) for number in numbers or (1,)])
    return raised.value
