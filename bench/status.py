"""Compares GET status, on the server, with the one point read that it needs."""

from typing import Any, Final

from bench.counting import CountedStore, Counts
from bench.scanning import open_tables
from bench.serving import Spread, api, empty, in_turn
from cmk_check.config.settings import Settings
from cmk_check.store.scans import ScanTable

_ROUNDS: Final = 1_000
_PATH: Final = "/api/v1/status"


async def compare_status() -> dict[str, Any]:
    """Return the times of the answer, of the read and of an empty answer, and the reads."""
    settings = Settings.load()
    counts = Counts()
    async with open_tables(settings) as (store, _):
        whole = api(CountedStore(store, counts), settings)
        scans = ScanTable(store)
        answer, read, routing = await in_turn(
            _ROUNDS, lambda: whole.get(_PATH), scans.status, empty()
        )
    floor = [sum(pair) for pair in zip(read, routing, strict=True)]
    return {
        "answer": Spread.of(answer).plain(),
        "floor": Spread.of(floor).plain(),
        "requests": counts.table_reads / (_ROUNDS + 1),
    }
