"""The simulator: it listens, and takes each request through faults and routes."""

import asyncio
import json
import secrets
import ssl
from typing import Self

from aiohttp import web

from local.simulator import cloud, directory
from local.simulator.arm import Arm, arm_headers
from local.simulator.estate import Estate
from local.simulator.faults import Answer, Close, Cut, Effect, Fault, Faults, Garble, NextLink
from local.simulator.identity import PATH as IDENTITY_PATH
from local.simulator.identity import IdentityEndpoint
from local.simulator.listener import (
    HOST,
    Certificates,
    ListenerThread,
    close,
    cut_off,
    incoming_of,
    respond,
)
from local.simulator.load import load_estate
from local.simulator.messages import Incoming, Reply
from local.simulator.proxy import Proxy
from local.simulator.request_log import RequestLog
from local.simulator.signing_vault import SigningVault
from local.simulator.tokens import Tokens
from local.simulator.vault_data import VaultData, is_of_vault


class Foreign:
    """Another trusted HTTPS origin; it answers with an empty page, and records the requests.

    A hostile nextLink could lead to an empty page: a client that follows it would believe that the
    list is complete.
    """

    def __init__(self, listeners: ListenerThread) -> None:
        self.requests = RequestLog()
        self.url = f"https://{HOST}:{listeners.listen(self._handle)}"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        number = self.requests.opened(await incoming_of(request))
        self.requests.answered(number, 200)
        return respond(Reply.of(200, {"value": []}))


class Simulator:
    """Serves an estate until it is stopped; use it as a context manager.

    ``estate``      an estate, or the name of one in ``estates/``
    ``port``        0 takes a free port
    ``delay``       seconds before every answer of Azure Resource Manager
    ``token_life``  seconds; ``tokens.life`` changes it later

    Raises OSError at the start if the port is in use.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own, by keyword
        self,
        estate: Estate | str = "sample",
        *,
        port: int = 0,
        delay: float = 0.0,
        token_life: float = 86_400,
        subscriptions_per_page: int = 1000,
        accounts_per_page: int = 100,
    ) -> None:
        self.estate = load_estate(estate) if isinstance(estate, str) else estate
        self.delay = delay
        self.faults = Faults()
        self.requests = RequestLog()
        self.tokens = Tokens(self.estate.tenant_id, self.estate.user_assigned, token_life)
        self.arm = Arm(self.estate, self.tokens, subscriptions_per_page, accounts_per_page)
        self._vault_data = VaultData(self.estate, self.tokens)
        self._directory = directory.Directory(self.estate, self.tokens)
        self.identity_header = secrets.token_hex(16)
        self._identity = IdentityEndpoint(self.tokens, self.identity_header)
        self._wanted_port = port
        self._certificates: Certificates | None = None
        self._listeners: ListenerThread | None = None
        self._proxy: Proxy | None = None
        self.port = 0

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Make the certificate and listen; return when requests can be answered."""
        self._certificates = Certificates()
        self._listeners = ListenerThread(self._certificates.server)
        try:
            self.port = self._listeners.listen(self._handle, self._wanted_port)
            self._proxy = Proxy(self._listeners, self.port)
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """Release held requests, close all connections, and delete the certificate."""
        self.faults.clear()
        if self._listeners is not None:
            self._listeners.stop()
        if self._certificates is not None:
            self._certificates.remove()
        self._listeners = self._certificates = self._proxy = None

    @property
    def url(self) -> str:
        """The origin of Azure Resource Manager, without a slash at the end."""
        return f"https://{HOST}:{self.port}"

    @property
    def proxy(self) -> Proxy:
        """The proxy that leads to the vaults themselves."""
        return self._running(self._proxy)

    @property
    def identity_endpoint(self) -> str:
        """The value that App Service puts into IDENTITY_ENDPOINT."""
        return f"{self.url}{IDENTITY_PATH}"

    @property
    def ca_file(self) -> str:
        """The PEM file of the certificate authority to trust."""
        return str(self._running(self._certificates).ca_file)

    def client_ssl(self) -> ssl.SSLContext:
        """Make a context for a client that trusts only the simulator."""
        return self._running(self._certificates).client()

    def environment(self) -> dict[str, str]:
        """Return the environment variables that a client process needs."""
        return {
            "IDENTITY_ENDPOINT": self.identity_endpoint,
            "IDENTITY_HEADER": self.identity_header,
            "CMK_ARM_URL": self.url,
            "SSL_CERT_FILE": self.ca_file,
            "REQUESTS_CA_BUNDLE": self.ca_file,
        }

    def foreign(self) -> Foreign:
        """Open another origin, which runs as long as the simulator."""
        return Foreign(self._running(self._listeners))

    def signing_vault(self) -> SigningVault:
        """Open a key vault whose keys sign, which runs as long as the simulator."""
        return SigningVault(self._running(self._listeners), self.tokens)

    @staticmethod
    def _running[T](part: T | None) -> T:
        if part is None:
            raise RuntimeError("the simulator is not running")
        return part

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        incoming = await incoming_of(request)
        number = self.requests.opened(incoming)
        fault = self.faults.take(incoming) or Fault()
        if fault.hold is not None:
            await fault.hold.wait()
        await asyncio.sleep(fault.delay)
        if isinstance(fault.then, Close):
            return close(request)
        reply = _change(await self._answer(incoming, fault.then), fault.then, incoming)
        self.requests.answered(number, reply.status)
        if isinstance(fault.then, Cut):
            return await cut_off(request, reply, fault.then)
        return respond(reply)

    async def _answer(self, incoming: Incoming, then: Effect | None) -> Reply:
        path = incoming.path.rstrip("/").lower()
        if path == IDENTITY_PATH:
            return then.reply() if isinstance(then, Answer) else self._identity.answer(incoming)
        await asyncio.sleep(self.delay)
        if path in directory.PATHS:
            return then.reply() if isinstance(then, Answer) else self._directory.answer(incoming)
        if is_of_vault(incoming):
            return then.reply() if isinstance(then, Answer) else self._vault_data.answer(incoming)
        if path == cloud.PATH:
            return then.reply() if isinstance(then, Answer) else cloud.answer(incoming)
        reply = then.reply() if isinstance(then, Answer) else self.arm.answer(incoming)
        return reply.with_headers(arm_headers(incoming))


def _change(reply: Reply, then: Effect | None, incoming: Incoming) -> Reply:
    if isinstance(then, Garble):
        return then.apply(reply)
    if isinstance(then, NextLink):
        return then.apply(reply, incoming)
    return reply


def ready_line(simulator: Simulator) -> str:
    """Return one line of JSON with the simulator's address and what a client needs to use it."""
    return json.dumps(
        {
            "armUrl": simulator.url,
            "identityEndpoint": simulator.identity_endpoint,
            "identityHeader": simulator.identity_header,
            "caFile": simulator.ca_file,
        }
    )
