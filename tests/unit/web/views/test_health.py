"""Health, for the anonymous and frequent requests of load balancers and uptime checks."""

import asyncio
from datetime import timedelta

import pytest

from cmk_check.core.status import Status
from cmk_check.ports import StoreUnavailable
from cmk_check.store.scans import ScanTable
from cmk_check.web.views.health import Health
from tests.fakes.recording_store import Hook, RecordingStore
from tests.fakes.world import MovableClock
from tests.unit.web.api_kit import MAX_AGE, NOON, Served, coverage, status_of


def _health(served: Served) -> Health:
    return Health(served.scans, served.clock, MAX_AGE)


SCANNED = status_of(coverage())


@pytest.mark.parametrize(
    ("status", "age", "said"),
    [
        (SCANNED, timedelta(), "ok"),
        (SCANNED, MAX_AGE, "ok"),
        (SCANNED, MAX_AGE + timedelta(seconds=1), "stale"),
        (SCANNED, timedelta(minutes=-3), "stale"),
        # The app runs, but has no data yet.
        (Status(), timedelta(), "stale"),
    ],
)
async def test_it_says_whether_the_answer_is_fresh(
    empty: Served, status: Status, age: timedelta, said: str
) -> None:
    """Otherwise stopped scans would go unnoticed."""
    assert await _health(empty).check() == (200, {"status": "stale"})
    await empty.put_status(status)
    empty.clock.time = NOON + age

    assert await _health(empty).check() == (200, {"status": said})


async def _fail(*_: object) -> None:
    raise StoreUnavailable("cmkscans: 500")


async def _hang(*_: object) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("trouble", [_fail, _hang])
async def test_a_store_that_does_not_answer_is_unavailable(trouble: Hook) -> None:
    """Without a reason, because anyone may call; a time-out would tell the caller even less."""
    scans = ScanTable(RecordingStore(before=trouble))

    answer = await Health(scans, MovableClock(NOON), MAX_AGE, seconds=0.01).check()

    assert answer == (503, {"status": "unavailable"})


@pytest.mark.parametrize(
    ("seconds", "reads"),
    [([0, 1, 9.999, 10, 19], 2), ([3_600, 0], 2)],
    ids=["for ten seconds", "not by a clock that is set back"],
)
async def test_an_answer_is_kept(served: Served, seconds: list[float], reads: int) -> None:
    """A flood of requests must not cause a flood of reads, and a wrong clock must not last."""
    health = _health(served)
    served.store.log.clear()

    for each in seconds:
        served.clock.time = NOON + timedelta(seconds=each)
        await health.check()

    assert len(served.store.log) == reads


async def test_callers_at_one_time_share_a_read(served: Served) -> None:
    """A hundred simultaneous probes also cause only one read."""
    health = _health(served)
    served.store.log.clear()

    answers = await asyncio.gather(*(health.check() for _ in range(100)))

    assert set(map(str, answers)) == {"(<HTTPStatus.OK: 200>, {'status': 'ok'})"}
    assert len(served.store.log) == 1
