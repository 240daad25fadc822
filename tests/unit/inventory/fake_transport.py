"""A wire without sockets: what the SDK sends is answered by a function."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self, cast

from azure.core.credentials import AccessTokenInfo, TokenRequestOptions

from cmk_check.config.settings import Settings
from cmk_check.inventory.arm_reader import ArmReader
from cmk_check.inventory.credential import SharedCredential

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport

ARM: Final = "https://management.azure.com"
_FOREVER: Final = 4_000_000_000

type Answerer = Callable[[str, str], object]
"""Takes method and path; bytes are sent as they are, anything else as JSON, a pair with status."""


class Answer:
    """An answer as far as the pipeline and the SDK look at it."""

    reason = "OK"
    content_type = "application/json"

    def __init__(self, request: object, body: object, status: int = 200) -> None:
        self.request = request
        self.status_code = status
        self.headers: Mapping[str, str] = {"content-type": self.content_type}
        self._body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def text(self, encoding: str | None = None) -> str:
        """Return the body."""
        return self._body.decode(encoding or "utf-8-sig")


class Wire:
    """A transport; ``asked`` holds (method, path, body) of each request.

    Nothing is answered while it is not ``open``; who gives up then gets away ``goodbye`` later.
    """

    def __init__(self, answerer: Answerer) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.goodbye = 0.0
        self.asked: list[tuple[str, str, Any]] = []
        self._answerer = answerer

    async def send(self, request: Any, **_: object) -> Answer:  # noqa: ANN401 - the SDK's, old or new
        """Answer a request."""
        path = request.url.removeprefix(ARM).partition("?")[0]
        content = getattr(request, "content", None)
        self.asked.append((request.method, path, json.loads(content) if content else None))
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(self.goodbye)
            raise
        answer = self._answerer(request.method, path)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return Answer(request, body, status)


class FakeCredential:
    """A credential whose token is good for ever."""

    async def get_token_info(
        self,
        *_: str,
        options: TokenRequestOptions | None = None,  # noqa: ARG002 - the SDK's protocol
    ) -> AccessTokenInfo:
        """Return the token."""
        return AccessTokenInfo("token", _FOREVER)

    async def close(self) -> None:
        """Do nothing."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


def reader_over(wire: Wire, *, at_once: int = 100) -> ArmReader:
    """Make a reader over a wire."""
    settings = Settings.load_for_scan(environ={"CMK_MAX_IN_FLIGHT": str(at_once)})
    transport = cast("AioHttpTransport", wire)
    limits = (asyncio.Semaphore(at_once),)
    return ArmReader(settings, SharedCredential(FakeCredential()), transport, limits, back_off=0)
