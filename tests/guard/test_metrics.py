"""The metrics as the document names them, against those that a scrape gives."""

import re
from dataclasses import replace

from prometheus_client import parser

from cmk_check.core.watch_state import Watch
from tests.guard.documents import HTTP, section, table
from tests.unit.web.api_kit import NOON, counted, coverage, finding, sample, status_of
from tests.unit.web.asgi_client import send

SECTION = section(HTTP, "GET /api/v1/metrics")


async def test_the_metrics_and_their_labels_are_those_of_the_table() -> None:
    """A query for a metric that is not there answers nothing, and alerts nobody."""
    served = await sample()
    await served.put_watch(Watch(last_look=NOON))
    looked_at = replace(counted([finding()]), by_data_state={"none": 1})
    await served.put_status(status_of(coverage(accounts=looked_at)))
    answer = await send(served.app(), "/api/v1/metrics")
    given = {
        sample.name: set(sample.labels)
        for family in parser.text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }

    rows = table(SECTION, "metric")

    shown = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows}
    assert shown == given
    assert set(re.findall(r"\bcmkcheck_\w+", SECTION)) == set(given)
