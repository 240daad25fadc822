"""The floor: the same requests, sent by bare clients."""

import asyncio
import json
import os
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

import aiohttp
from azure.core import MatchConditions
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables import TransactionOperation, UpdateMode
from azure.data.tables.aio import TableServiceClient

from bench.counting import Commit
from bench.recorded_requests import IN_FLIGHT, plain_session
from cmk_check.ports import Delete, Insert, Table, Write

_SUBSCRIPTIONS: Final = "/subscriptions?api-version=2020-01-01"
_ACCOUNTS: Final = (
    "/subscriptions/{}/providers/Microsoft.CognitiveServices/accounts?api-version=2025-09-01"
)


async def read_all() -> tuple[float, float, int]:
    """Read all accounts of the estate, 64 requests at once; return seconds, CPU seconds, requests.

    It parses each page as JSON, because it needs the link to the next one.
    """
    url = os.environ["CMK_ARM_URL"]
    began, cpu = time.perf_counter(), time.process_time()
    requests = 0
    places = asyncio.Semaphore(IN_FLIGHT)
    async with plain_session() as (session, headers):

        async def pages(path: str) -> list[Any]:
            nonlocal requests
            found, link = [], f"{url}{path}"
            while link:
                requests += 1
                async with places, session.get(link, headers=headers) as answer:
                    answer.raise_for_status()
                    page = json.loads(await answer.read())
                found += page["value"]
                link = page.get("nextLink")
            return found

        listed = await pages(_SUBSCRIPTIONS)
        async with asyncio.TaskGroup() as group:
            for entry in listed:
                group.create_task(pages(_ACCOUNTS.format(entry["subscriptionId"])))
    return time.perf_counter() - began, time.process_time() - cpu, requests


async def write_all(connection: str, commits: Sequence[Commit]) -> float:
    """Send transactions into fresh tables, those of one partition in order; return the seconds.

    Those of different partitions are sent 64 at once, in any order.
    """
    by_partition: dict[tuple[Table, str], list[Commit]] = {}
    for commit in commits:
        by_partition.setdefault((commit.table, commit.partition), []).append(commit)
    places = asyncio.Semaphore(IN_FLIGHT)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        transport = AioHttpTransport(session=session, session_owner=False)
        service = TableServiceClient.from_connection_string(connection, transport=transport)
        clients = {table: await service.create_table(table.value) for table in Table}

        async def send(ordered: Iterable[Commit]) -> None:
            etags: dict[str, str] = {}
            for commit in ordered:
                async with places:
                    batch = [_operation(commit.partition, write, etags) for write in commit.writes]
                    answers = await clients[commit.table].submit_transaction(batch)
                for write, answer in zip(commit.writes, answers, strict=True):
                    etags[write.row] = answer.get("etag", "")

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for ordered in by_partition.values():
                group.create_task(send(ordered))
        seconds = time.perf_counter() - began
        await service.close()
    return seconds


def _operation(partition: str, write: Write, etags: dict[str, str]) -> Any:  # noqa: ANN401 - a tuple of the SDK's
    """Return a write in the SDK's form, with the ETag of the fresh table."""
    entity = {"PartitionKey": partition, "RowKey": write.row}
    if isinstance(write, Insert):
        return TransactionOperation.CREATE, dict(write.values) | entity, {}
    condition = {"etag": etags[write.row], "match_condition": MatchConditions.IfNotModified}
    if isinstance(write, Delete):
        return TransactionOperation.DELETE, entity, condition
    return (
        TransactionOperation.UPDATE,
        dict(write.values) | entity,
        condition | {"mode": UpdateMode.REPLACE},
    )
