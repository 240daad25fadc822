"""Key health in the metrics."""

from dataclasses import replace

from cmk_check.core.model import AccountCounts, VerdictCounts
from tests.unit.web.api_kit import (
    AS_SERVED,
    Served,
    coverage,
    status_of,
)
from tests.unit.web.asgi_client import send

COUNTED = AccountCounts(
    {"OpenAI": VerdictCounts(compliant=9, non_compliant=1)},
    by_key_health={"healthy": 4, "at_risk": 2, "broken": 1, "unknown": 1},
)


async def _samples_of_keys(served: Served, *, key_health: bool) -> list[str]:
    app = served.app(replace(AS_SERVED, key_health=key_health))
    answer = await send(app, "/api/v1/metrics")
    lines = answer.body.decode().splitlines()
    return [line for line in lines if line.startswith("cmkcheck_accounts_by_key_health")]


async def test_the_metric_counts_them_alike(empty: Served) -> None:
    """An alert on broken keys rests on it; a state without accounts is a zero to compare with."""
    accounts = replace(COUNTED, by_key_health={"healthy": 8})
    await empty.put_status(status_of(coverage(accounts=accounts)))

    samples = await _samples_of_keys(empty, key_health=True)

    assert samples == [
        'cmkcheck_accounts_by_key_health{key_health="healthy"} 8.0',
        'cmkcheck_accounts_by_key_health{key_health="at_risk"} 0.0',
        'cmkcheck_accounts_by_key_health{key_health="broken"} 0.0',
        'cmkcheck_accounts_by_key_health{key_health="unknown"} 1.0',
    ]


async def test_where_nobody_looks_at_keys_there_is_no_count_of_them(empty: Served) -> None:
    """Thousands of unknown keys that nobody asked for hide what is wrong."""
    row = coverage(accounts=COUNTED)
    await empty.put(row)
    await empty.put_status(status_of(row))
    app = empty.app(replace(AS_SERVED, key_health=False))

    status = (await send(app, "/api/v1/status")).json
    (listed,) = (await send(app, "/api/v1/subscriptions")).json["value"]

    assert status["keys"] is None
    assert listed["keys"] is None
    assert await _samples_of_keys(empty, key_health=False) == []
