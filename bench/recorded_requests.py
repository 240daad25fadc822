"""The requests to Azure of a scan, and a plain client that sends them again: ``FILE``.

A process of its own may run this module, so it imports no more than the client needs.
"""

import asyncio
import json
import os
import ssl
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

import aiohttp

IN_FLIGHT: Final = 64
_OF_ACCOUNTS: Final = {"subscription", "account"}


class Sent(NamedTuple):
    """One request; ``kind`` as the simulator names it."""

    kind: str
    method: str
    url: str
    body: str | None


@dataclass(slots=True)
class Recorded:
    """Requests by kind, and the requests themselves if they are kept."""

    kinds: Counter[str] = field(default_factory=Counter)
    requests: list[Sent] = field(default_factory=list)

    @property
    def of_accounts(self) -> list[Sent]:
        """Those that verdicts need."""
        return [each for each in self.requests if each.kind in _OF_ACCOUNTS]


@contextmanager
def recorded(*, keep: bool = False) -> Iterator[Recorded]:
    """Count what azure-core sends to Azure meanwhile."""
    from unittest.mock import patch

    from azure.core.pipeline.transport import AioHttpTransport

    from local.simulator.request_log import kind_of

    found, send, origin = Recorded(), AioHttpTransport.send, f"{os.environ['CMK_ARM_URL']}/"

    async def count(transport: AioHttpTransport, request: Any, **options: Any) -> Any:  # noqa: ANN401 - the SDK's
        kind = kind_of(urlsplit(request.url).path)
        if request.url.startswith(origin) and kind != "token":
            found.kinds[kind] += 1
            if keep:
                found.requests.append(Sent(kind, request.method, request.url, _body(request)))
        return await send(transport, request, **options)

    with patch.object(AioHttpTransport, "send", count):
        yield found


def _body(request: Any) -> str | None:  # noqa: ANN401 - the SDK has two types
    content = getattr(request, "content", None) or getattr(request, "body", None)
    return content.decode() if isinstance(content, bytes) else content


@asynccontextmanager
async def plain_session() -> AsyncIterator[tuple[aiohttp.ClientSession, dict[str, str]]]:
    """Open a session, and return it with the headers of a request to Azure."""
    # The environment trusts the simulator's certificate.
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield session, {"Authorization": f"Bearer {await _token(session)}"}


async def _token(session: aiohttp.ClientSession) -> str:
    query = urlencode({"api-version": "2019-08-01", "resource": os.environ["CMK_ARM_URL"]})
    headers = {"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]}
    async with session.get(f"{os.environ['IDENTITY_ENDPOINT']}?{query}", headers=headers) as answer:
        answer.raise_for_status()
        token: str = (await answer.json())["access_token"]
        return token


async def send_all(requests: Sequence[Sent]) -> float:
    """Send requests, 64 at once, and read each answer as JSON; return the seconds."""
    began = time.perf_counter()
    places = asyncio.Semaphore(IN_FLIGHT)
    async with plain_session() as (session, headers):

        async def send(each: Sent) -> None:
            body = each.body and each.body.encode()
            given = headers | ({"Content-Type": "application/json"} if body else {})
            async with (
                places,
                session.request(each.method, each.url, headers=given, data=body) as answer,
            ):
                json.loads(await answer.read())

        async with asyncio.TaskGroup() as group:
            for each in requests:
                group.create_task(send(each))
    return time.perf_counter() - began


def save(requests: Sequence[Sent], path: Path) -> None:
    """Write requests for ``load``."""
    path.write_text(json.dumps(requests))


def main() -> None:
    """Send the requests in the file that the first argument names."""
    requests = [Sent(*each) for each in json.loads(Path(sys.argv[1]).read_text())]
    asyncio.run(send_all(requests))


if __name__ == "__main__":
    main()
