"""The names, labels and units of the metrics, which Prometheus' client library writes.

Names and units follow the conventions of OpenMetrics. An unknown time has no sample, because alerts
can detect a missing series but not an invented zero.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, StateSetMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from pydantic.alias_generators import to_snake

from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.enums import PostureReason, PostureVerdict, Reason, ScanState, Verdict
from cmk_check.core.exceptions.account_exception import count_honoured
from cmk_check.core.model import AccountCounts, VerdictCounts
from cmk_check.core.posture import Posture
from cmk_check.core.rule import RULE_VERSION
from cmk_check.core.status import LastScan, Status
from cmk_check.limits import MAX_OWNERS_COUNTED

type Samples = Mapping[str, float] | Mapping[str | tuple[str, ...], float]

_PREFIX: Final = "cmkcheck_"
_ENDED: Final = (ScanState.COMPLETE, ScanState.INCOMPLETE, ScanState.FAILED)
# The library fails on a version that is not numeric, and would promise any later version that a
# client requests.
_VERSION: Final = re.compile(r"version\s*=\s*([^;]*)", re.IGNORECASE)
_WRITABLE: Final = {"0.0.4", "1.0.0"}


@dataclass(frozen=True, slots=True)
class StatusCollector(Collector):
    """The data of one scrape: the recorded status, and the posture as of ``now``.

    ``looked_at`` is when Azure last responded to the watch for changes, or None if never.
    ``due_dates``: whether accounts have due dates.
    """

    status: Status
    posture: Posture
    now: datetime
    kinds: tuple[str, ...]
    key_health: bool
    owners: bool
    looked_at: datetime | None = None
    due_dates: bool = False

    def collect(self) -> Iterator[Metric]:
        """Yield all metric families."""
        status, accounts = self.status, self.status.summary.accounts
        text = "The program's version; rule_version is the version of its rule."
        yield InfoMetricFamily(f"{_PREFIX}build", text, {"rule_version": RULE_VERSION})
        yield from _of_posture(self.posture)
        began = status.as_of
        yield from _gauge(
            "as_of_timestamp_seconds", "The time at which the last finished scan began.", began
        )
        age = (self.now - began).total_seconds() if began else None
        yield from _gauge(
            "as_of_age_seconds", "The age of the last finished scan, counted from its start.", age
        )
        yield from _of_accounts(accounts, self.kinds)
        yield from _gauge(
            "accounts_excepted",
            "Non-compliant accounts whose exception is honoured at the time of the scrape.",
            count_honoured(accounts.excepted, self.now),
        )
        if self.due_dates:
            text = "The number of accounts that the last scan found past their due date."
            yield from _gauge("accounts_overdue", text, accounts.overdue)
        if self.key_health:
            text = "The number of compliant accounts by key health; absent if keys are not read."
            sums = KEY_HEALTH.get_all_sums(accounts)
            keys = {to_snake(state): count for state, count in sums.items()}
            yield from _gauge("accounts_by_key_health", text, keys, "key_health")
        if self.owners:
            text = f"The number of owners of accounts in scope, at most {MAX_OWNERS_COUNTED}."
            yield from _gauge("owners", text, len(accounts.owners))
            text = "The number of accounts in scope without an owner."
            yield from _gauge("accounts_unowned", text, accounts.unowned)
        counts = asdict(status.summary.subscriptions)
        yield from _gauge(
            "subscriptions", "The number of subscriptions by coverage.", counts, "coverage"
        )
        if status.last_scan is not None:
            yield from _of_scan(status.last_scan)
        waiting = status.unpublished
        text = "The number of unpublished changes, for which no alert has been sent."
        yield from _gauge("changes_unpublished", text, waiting.changes)
        text = "The time of the oldest unpublished change; absent if all changes are published."
        yield from _gauge("changes_unpublished_since_timestamp_seconds", text, waiting.since)
        text = (
            "The time of Azure's last answer to the watch for changes; absent if the watch is off."
        )
        yield from _gauge("watch_last_look_timestamp_seconds", text, self.looked_at)


def write(scraped: StatusCollector, accept: str) -> tuple[bytes, str]:
    """Return the metrics in the best format of the Accept header, and the content type."""
    versions = ((part, _VERSION.search(part)) for part in accept.split(","))
    usable = [part for part, found in versions if not found or found[1].strip() in _WRITABLE]
    encode, content_type = choose_encoder(",".join(usable))
    return encode(scraped), content_type


def _gauge(
    name: str, text: str, value: Samples | datetime | float | None, *labels: str
) -> Iterator[Metric]:
    """Yield a gauge with one number, or with a number for each label; nothing for None."""
    if value is None:
        return
    unit = "seconds" if name.endswith("_seconds") else ""
    family = GaugeMetricFamily(_PREFIX + name, text, labels=labels, unit=unit)
    single = value.timestamp() if isinstance(value, datetime) else value
    for key, number in (single if isinstance(single, Mapping) else {(): single}).items():
        family.add_metric([key] if isinstance(key, str) else key, number)
    yield family


def _of_posture(posture: Posture) -> Iterator[Metric]:
    yield StateSetMetricFamily(
        f"{_PREFIX}posture",
        "The posture of the estate at the time of the scrape; unknown if the data is too old.",
        {verdict.value: verdict is posture.verdict for verdict in PostureVerdict},
    )
    codes = {code for code, _ in posture.reasons}
    text = "The reasons for the posture: 1 for each reason that applies, otherwise 0."
    reasons = {code.value: code in codes for code in PostureReason}
    yield from _gauge("posture_reason", text, reasons, "reason")
    text = "Whether the last finished scan is recent enough: 1 if so, otherwise 0."
    yield from _gauge("fresh", text, posture.fresh)


def _of_accounts(accounts: AccountCounts, kinds: tuple[str, ...]) -> Iterator[Metric]:
    counted = {kind.casefold() for kind in accounts.by_kind}
    missing = {kind: VerdictCounts() for kind in kinds if kind.casefold() not in counted}
    by_verdict: dict[str | tuple[str, ...], float] = {
        (kind, verdict.value): getattr(counts, verdict.value)
        for kind, counts in sorted({**missing, **accounts.by_kind}.items())
        for verdict in Verdict
    }
    text = "The number of accounts of the kinds in scope, by verdict."
    yield from _gauge("accounts", text, by_verdict, "kind", "verdict")
    text = "The number of accounts of the kinds in scope, by the reason for their verdict."
    by_reason = {**{reason.value: 0 for reason in Reason}, **accounts.by_reason}
    yield from _gauge("accounts_by_reason", text, by_reason, "reason")
    text = "The number of accounts that the last scan could not read; they keep their verdict."
    yield from _gauge("accounts_unread", text, accounts.unread)
    ignored = dict(sorted(accounts.ignored_by_kind.items()))
    text = "The number of accounts of kinds that are not in scope."
    yield from _gauge("accounts_ignored", text, ignored, "kind")


def _of_scan(scan: LastScan) -> Iterator[Metric]:
    text = "The duration of the last scan that ended, whatever its result."
    took = (scan.finished_at - scan.started_at).total_seconds() if scan.finished_at else None
    yield from _gauge("last_scan_duration_seconds", text, took)
    yield StateSetMetricFamily(
        f"{_PREFIX}last_scan_result",
        "The result of the last scan; incomplete means that it finished with a gap.",
        {state.value: state is scan.state for state in _ENDED},
    )
