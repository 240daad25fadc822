"""Times searches and sums of the findings, and GET status while 16 searches run at once.

A request examines 1,000 rows, whatever its words and however large the estate is. So its floor is
to send the same queries to the storage, with nothing around them, and to read as many rows.
"""

import asyncio
import json
import resource
import time
from collections.abc import Sequence
from itertools import cycle, islice
from statistics import median
from typing import Any, Final

from bench.counting import CountedStore, Counts, Queried
from bench.scanning import open_tables
from bench.serving import Served, api, in_turn
from cmk_check.config.settings import Settings
from cmk_check.ports import Store

_SEARCHES: Final = 16
_ALONE: Final = 200
_ROUNDS: Final = 9
_PAUSE_SECONDS: Final = 0.005
_SUMS: Final = 5
_STATUS: Final = "/api/v1/status"
# No name or tag holds the first; a few names of accounts hold the second, all groups the third.
_PATHS: Final = {
    matches: f"/api/v1/findings?top=1000&q={word}"
    for matches, word in (("nothing", "none"), ("few", "777"), ("many", "rg-"))
}


async def compare_searches() -> dict[str, Any]:
    """Return the first page of each search, and the medians of the status in ms.

    ``refused`` of the searches that were asked for at once had no answer, ``ended`` had one without
    a link to the next page. ``sums`` are the lists of owners and of keys in ms, for which
    nothing is kept between two requests, and ``peakMiB`` the most memory of the process.
    """
    settings = Settings.load()
    async with open_tables(settings) as (store, _):
        served = api(store, settings)
        status = json.loads(await served.get(_STATUS))
        pages = {name: await _first_page(store, settings, path) for name, path in _PATHS.items()}
        sums = await in_turn(
            _SUMS, lambda: served.get("/api/v1/owners"), lambda: served.get("/api/v1/keys")
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        alone = [await _status(served) for _ in range(_ALONE)]
        began = time.perf_counter()
        paths = islice(cycle(_PATHS.values()), _SEARCHES)
        searches = asyncio.gather(*map(served.get, paths), return_exceptions=True)
        beside = [await _status(served)]
        while not searches.done():
            beside.append(await _status(served))
        answers = [each for each in await searches if isinstance(each, bytes)]
    return {
        "findings": status["accounts"]["total"],
        "pages": pages,
        "sums": sums,
        "peakMiB": peak,
        "alone": median(alone),
        "beside": median(beside),
        "seconds": time.perf_counter() - began,
        "refused": _SEARCHES - len(answers),
        "ended": sum(not json.loads(answer).get("nextLink") for answer in answers),
    }


async def _first_page(store: Store, settings: Settings, path: str) -> dict[str, Any]:
    """Compare the answer with its queries, in turn."""
    queries: list[Queried] = []
    counted = api(CountedStore(store, Counts(queries=queries)), settings)
    found = len(json.loads(await counted.get(path))["value"])
    sent = queries.copy()
    served = api(store, settings)
    answer, floor = await in_turn(_ROUNDS, lambda: served.get(path), lambda: _read(store, sent))
    examined = max(each.rows for each in sent)
    return {"answers": answer, "floors": floor, "rows": examined, "found": found}


async def _read(store: Store, queries: Sequence[Queried]) -> None:
    for each in queries:
        number = 0
        async for _ in store.query(each.table, each.query):
            number += 1
            if number == each.rows:
                break


async def _status(served: Served) -> float:
    began = time.perf_counter()
    await served.get(_STATUS)
    taken = (time.perf_counter() - began) * 1000
    await asyncio.sleep(_PAUSE_SECONDS)
    return taken
