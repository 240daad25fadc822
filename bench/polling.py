"""Fifty dashboards poll the status of a running host, without a pause between two requests."""

import asyncio
import os
import time
from collections import Counter
from typing import Any, Final

import aiohttp

from bench.processes import API_KEY, API_URL
from bench.serving import Spread

CLIENTS: Final = 50
SECONDS: Final = 30.0
_OK: Final = frozenset({200, 304})


async def poll() -> dict[str, Any]:
    """Return the number of answers, the number of errors among them, and their times in ms."""
    url = f"{os.environ[API_URL]}/api/v1/status"
    headers = {"x-functions-key": os.environ[API_KEY]}
    statuses: Counter[str] = Counter()
    times: list[float] = []
    ends = time.perf_counter() + SECONDS

    async def client(session: aiohttp.ClientSession, *, heeds_etag: bool) -> None:
        etag: dict[str, str] = {}
        while (began := time.perf_counter()) < ends:
            try:
                async with session.get(url, headers=headers | etag) as answer:
                    await answer.read()
                    statuses[str(answer.status) if answer.status not in _OK else "ok"] += 1
                    etag = {"If-None-Match": answer.headers["ETag"]} if heeds_etag else {}
            except (aiohttp.ClientError, KeyError, TimeoutError) as error:
                statuses[type(error).__name__] += 1
            times.append((time.perf_counter() - began) * 1000)

    connector = aiohttp.TCPConnector(limit=CLIENTS)
    timeout = aiohttp.ClientTimeout(total=10)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
        asyncio.TaskGroup() as group,
    ):
        for number in range(CLIENTS):
            group.create_task(client(session, heeds_etag=number % 2 == 0))
    answers = statuses.pop("ok", 0)
    return {"answers": answers, "errors": dict(statuses), **Spread.of(times).plain()}
