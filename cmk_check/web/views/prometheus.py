"""The metrics' names, labels and units; Prometheus' client library writes the text.

Names and units follow the conventions of OpenMetrics. An unknown time has no sample, because
alerts can detect an absent series but not an invented zero.
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
# The library fails on a version that is not numeric, and would promise any later one it is sent.
_VERSION: Final = re.compile(r"version\s*=\s*([^;]*)", re.IGNORECASE)
_WRITABLE: Final = {"0.0.4", "1.0.0"}


@dataclass(frozen=True, slots=True)
class StatusCollector(Collector):
    """The data of one scrape: the recorded status, and the posture ``now``.

    ``looked_at`` is when Azure last answered the watch for changes, or None if never. ``due_dates``
    is whether accounts have due dates.
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
        yield from _gauge("as_of_timestamp_seconds", "When the last finished scan began.", began)
        age = (self.now - began).total_seconds() if began else None
        yield from _gauge("as_of_age_seconds", "The time since the last finished scan began.", age)
        yield from _of_accounts(accounts, self.kinds)
        yield from _gauge(
            "accounts_excepted",
            "Non-compliant accounts with an exception that is honoured at the time of the scrape.",
            count_honoured(accounts.excepted, self.now),
        )
        if self.due_dates:
            text = "Accounts that the last scan found past their due date."
            yield from _gauge("accounts_overdue", text, accounts.overdue)
        if self.key_health:
            text = "Compliant accounts by the health of their key; absent if keys are not read."
            sums = KEY_HEALTH.get_all_sums(accounts)
            keys = {to_snake(state): count for state, count in sums.items()}
            yield from _gauge("accounts_by_key_health", text, keys, "key_health")
        if self.owners:
            text = f"The number of owners of accounts in scope, at most {MAX_OWNERS_COUNTED}."
            yield from _gauge("owners", text, len(accounts.owners))
            text = "Accounts in scope without an owner."
            yield from _gauge("accounts_unowned", text, accounts.unowned)
        counts = asdict(status.summary.subscriptions)
        yield from _gauge("subscriptions", "Subscriptions by coverage.", counts, "coverage")
        if status.last_scan is not None:
            yield from _of_scan(status.last_scan)
        waiting = status.unpublished
        text = "Recorded changes that are not published; no alert has been sent for them."
        yield from _gauge("changes_unpublished", text, waiting.changes)
        text = "When the oldest unpublished change was recorded; absent if there is none."
        yield from _gauge("changes_unpublished_since_timestamp_seconds", text, waiting.since)
        text = "When Azure last answered the watch for changes; absent without a watch."
        yield from _gauge("watch_last_look_timestamp_seconds", text, self.looked_at)


def write(scraped: StatusCollector, accept: str) -> tuple[bytes, str]:
    """Return the text in the best format of the Accept header, and the content type."""
    versions = ((part, _VERSION.search(part)) for part in accept.split(","))
    usable = [part for part, found in versions if not found or found[1].strip() in _WRITABLE]
    encode, content_type = choose_encoder(",".join(usable))
    return encode(scraped), content_type


def _gauge(
    name: str, text: str, value: Samples | datetime | float | None, *labels: str
) -> Iterator[Metric]:
    """Yield a gauge with one number, or one for each value of its labels; none for None."""
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
        "The posture of the estate at the time of the scrape; unknown if the data are too old.",
        {verdict.value: verdict is posture.verdict for verdict in PostureVerdict},
    )
    codes = {code for code, _ in posture.reasons}
    text = "The reasons for the posture; the value is 1 for each reason that applies."
    reasons = {code.value: code in codes for code in PostureReason}
    yield from _gauge("posture_reason", text, reasons, "reason")
    text = "1 if the last finished scan is recent enough, otherwise 0."
    yield from _gauge("fresh", text, posture.fresh)


def _of_accounts(accounts: AccountCounts, kinds: tuple[str, ...]) -> Iterator[Metric]:
    counted = {kind.casefold() for kind in accounts.by_kind}
    missing = {kind: VerdictCounts() for kind in kinds if kind.casefold() not in counted}
    by_verdict: dict[str | tuple[str, ...], float] = {
        (kind, verdict.value): getattr(counts, verdict.value)
        for kind, counts in sorted({**missing, **accounts.by_kind}.items())
        for verdict in Verdict
    }
    text = "Accounts of the kinds in scope, by verdict."
    yield from _gauge("accounts", text, by_verdict, "kind", "verdict")
    text = "Accounts of the kinds in scope, by the reason for their verdict."
    by_reason = {**{reason.value: 0 for reason in Reason}, **accounts.by_reason}
    yield from _gauge("accounts_by_reason", text, by_reason, "reason")
    text = "Accounts that the last scan could not read; the last known verdict is counted."
    yield from _gauge("accounts_unread", text, accounts.unread)
    ignored = dict(sorted(accounts.ignored_by_kind.items()))
    text = "Accounts of the kinds that are not in scope."
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
