"""The metrics, from a scrape in which each of them has a sample."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import Metric

from cmk_check.core.enums import KeyState, ScanState, Trigger
from cmk_check.core.model import AccountCounts, VerdictCounts
from cmk_check.core.posture import Expectations, judge_estate
from cmk_check.core.status import LastScan, Status, Summary
from cmk_check.web.views.prometheus import StatusCollector
from tools.reference.documents import code, table

_NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
_KIND: Final = "OpenAI"
# More values than these are those of a reason or a kind.
_SHORT: Final = 5


def metrics() -> str:
    """Write a table of all metrics, in the order of a scrape."""
    rows = [
        (code(_name(family)), ", ".join(_labels(family)), family.documentation)
        for family in _scraped().collect()
    ]
    return table(("metric", "labels", "meaning"), rows)


def _scraped() -> StatusCollector:
    accounts = AccountCounts(
        {_KIND: VerdictCounts(1)},
        ignored_by_kind={"SpeechServices": 1},
        by_key_health=dict.fromkeys(KeyState, 1),
    )
    scan = LastScan("id", ScanState.COMPLETE, Trigger.TIMER, _NOW, _NOW)
    status = Status(as_of=_NOW, summary=Summary(accounts), last_scan=scan)
    posture = judge_estate(status, _NOW, Expectations(timedelta(hours=1)))
    return StatusCollector(
        status,
        posture,
        _NOW,
        (_KIND,),
        key_health=True,
        owners=True,
        looked_at=_NOW,
        due_dates=True,
    )


def _name(family: Metric) -> str:
    (name,) = {sample.name for sample in family.samples}
    return name


def _labels(family: Metric) -> Iterator[str]:
    for label in family.samples[0].labels:
        values = list(dict.fromkeys(sample.labels[label] for sample in family.samples))
        is_closed = 1 < len(values) <= _SHORT
        yield f"{code(label)}: {', '.join(map(code, values))}" if is_closed else code(label)
