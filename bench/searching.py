"""Times GET status while 16 searches of the findings are asked for at once, and alone."""

import asyncio
import time
from statistics import median
from typing import Any, Final

from bench.scanning import open_tables
from bench.serving import Served, api
from cmk_check.config.settings import Settings

_SEARCHES: Final = 16
_ALONE: Final = 200
_PAUSE_SECONDS: Final = 0.005
_STATUS: Final = "/api/v1/status"


async def compare_searches() -> dict[str, Any]:
    """Return the medians of the status in ms, the seconds of all searches, and how many failed."""
    settings = Settings.load()
    async with open_tables(settings) as (store, _):
        served = api(store, settings)
        await served.get(_STATUS)
        alone = [await _status(served) for _ in range(_ALONE)]
        began = time.perf_counter()
        searches = asyncio.gather(
            *(served.get(f"/api/v1/findings?q=none{number}") for number in range(_SEARCHES)),
            return_exceptions=True,
        )
        beside = [await _status(served)]
        while not searches.done():
            beside.append(await _status(served))
        answers = await searches
    return {
        "alone": median(alone),
        "beside": median(beside),
        "seconds": time.perf_counter() - began,
        "refused": sum(isinstance(answer, BaseException) for answer in answers),
    }


async def _status(served: Served) -> float:
    began = time.perf_counter()
    await served.get(_STATUS)
    taken = (time.perf_counter() - began) * 1000
    await asyncio.sleep(_PAUSE_SECONDS)
    return taken
