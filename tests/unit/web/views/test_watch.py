"""The watch in the status and the metrics: it informs, and changes no posture."""

from datetime import timedelta
from typing import Final

import pytest

from cmk_check.core.enums import WatchState
from cmk_check.core.watch_state import Watch
from cmk_check.ports import Insert, Table
from tests.unit.web.api_kit import NOON, PRODUCTION, Served
from tests.unit.web.asgi_client import send

STATUS: Final = "/api/v1/status"
METRICS: Final = "/api/v1/metrics"
METRIC: Final = "cmkcheck_watch_last_look_timestamp_seconds"
BLIND: Final = Watch(
    last_look=NOON, last_change=NOON - timedelta(hours=1), state=WatchState.BLIND, since=NOON
)


@pytest.mark.parametrize("path", [STATUS, f"{STATUS}?subscription={PRODUCTION}"])
async def test_the_status_says_when_it_looked_and_whether_it_sees(
    served: Served, path: str
) -> None:
    """Whoever relies on minutes must see that they have become hours."""
    before = (await send(served.app(), path)).json
    await served.put_watch(BLIND)

    after = (await send(served.app(), path)).json

    assert after.pop("watch") == {
        "lastLook": "2026-11-25T12:00:00Z",
        "lastChange": "2026-11-25T11:00:00Z",
        "state": "blind",
    }
    assert before.pop("watch") is None
    assert after == before


async def test_the_metric_is_the_time_of_the_last_look(served: Served) -> None:
    """An alert rule compares it with the time; a watch that has not looked yet claims nothing."""
    served.watched = True
    status = (await send(served.app(), STATUS)).json
    before = (await send(served.app(), METRICS)).body.decode()
    await served.put_watch(BLIND)

    metrics = (await send(served.app(), METRICS)).body.decode()

    assert status["watch"] == {"lastLook": None, "lastChange": None, "state": None}
    assert METRIC not in before
    (value,) = [line.split()[1] for line in metrics.splitlines() if line.startswith(METRIC)]
    assert float(value) == NOON.timestamp()


@pytest.mark.parametrize(("schema", "shown"), [(9, None), (1, {"lastLook": None})])
async def test_p7_a_row_that_cannot_be_used_costs_itself(
    served: Served, schema: int, shown: dict[str, None] | None
) -> None:
    """P7: the posture does not depend on it."""
    row = Insert("state", {"schema": schema, "document0": "{"})
    await served.store.commit(Table.SCANS, "watch", [row])
    served.watched = True

    answer = await send(served.app(), STATUS)

    assert answer.status == 200
    assert (answer.json["watch"] or {}).get("state") is None
    assert (answer.json["watch"] is None) == (shown is None)
