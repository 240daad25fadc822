"""Write changes as log lines for alert rules, with one JSON object in each line.

The Functions worker forwards only the text of a log line and no structured fields, so the text is
JSON. Every line has ``event`` and ``v``, the version of the line's format. A line is ASCII with
escaped control characters, so names cannot break it.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pydantic.alias_generators import to_camel

from cmk_check.core.aspects.key_health import KEY_HEALTH
from cmk_check.core.cloudevents import to_cloudevent
from cmk_check.core.enums import ScanState
from cmk_check.core.exceptions.account_exception import count_honoured
from cmk_check.core.gap import Gap
from cmk_check.core.model import Change
from cmk_check.core.status import ALL_PUBLISHED, KnownGap, Summary, Unpublished
from cmk_check.core.text import write_time
from cmk_check.core.watch_state import Watch
from cmk_check.limits import MAX_LOG_LINE_CHARS, SHORTENED_TO

if TYPE_CHECKING:
    from cmk_check.store.scan_rows import Scan

_log = logging.getLogger("cmk_check.lines")
_COUNTS: Final = ("total", "compliant", "non_compliant", "unknown", "unread", "overdue")
_IDS: Final = frozenset(
    {"event", "id", "type", "subject", "source", "scanId", "subscriptionId", "accountId"}
)


class LogEvent(StrEnum):
    """The event of a line: when the line is written, and its fields."""

    CHANGE = "cmk.change"
    """The app writes this line at least once for each published change; to count changes, count
    different ids. Fields: `number` (its place in the feed), and the change as a CloudEvent:
    `specversion`, `id`, `type`, `time`, `source`, `subject`, `datacontenttype`, `data`."""
    SCAN = "cmk.scan"
    """The app writes this line when a scan has ended. Fields: `scanId`, `state`, `trigger`,
    `overdue` (started by the second clock), `reason`, `startedAt`, `durationSeconds`, `unpublished`
    (`changes`, the number of recorded changes that wait to be published, and `since`, when the
    oldest was recorded, null if there is none or if that is not known); unless the scan failed also
    `posture`, `accounts` (with `excepted`, which are non-compliant, and `overdue`), `keys` (null if
    no key was checked), `subscriptions`, `changes` (a number), `crossCheck` (null if nothing was
    compared)."""
    SCAN_STARTED = "cmk.scan_started"
    """The app writes this line when a scan has started, before it is planned. If no later line
    reports the end of the scan, the scan is running or hangs. Fields: `scanId`, `trigger`,
    `overdue`, `startedAt`, `partial`."""
    PARTIAL_SCAN = "cmk.partial_scan"
    """The app writes this line when a partial scan has ended. The posture is that of the whole
    estate, but the counts cover only the subscriptions that the scan read. The gaps of a partial
    scan have no lines. Fields: as for `cmk.scan`."""
    GAP = "cmk.gap"
    """The app writes this line for each subscription that a full scan could not read, but for at
    most 50; `subscriptions.gap` in the scan's line `cmk.scan` counts all. Fields: `scanId`,
    `subscriptionId`, `name`, `reason`, `missingAction`, `detail`, `since`."""
    TELL = "cmk.tell"
    """The app writes this line for each delivery to the webhook. Fields: `state` (`delivered`,
    `retry` or `given_up`), `first` and `last` (numbers of the feed), `changes` (a number; 0 if a
    later try found nothing left to post), `attempt` (from 0); with several receivers `route`;
    unless delivered also `reason`, `nextTryAt`."""
    WATCH = "cmk.watch"
    """The app writes this line when Azure starts or stops reporting changes to the watch for
    changes, and every hour while Azure does not report changes. Fields: `state` (`seeing` or
    `blind`), `since`, and if blind `reason`, `missingAction`, `detail`."""
    SETTINGS = "cmk.settings"
    """The app writes this line at the first invocation of a process, if a variable whose name
    begins with `CMK_` is not a setting, or if `CMK_KINDS` contains a kind that is unknown or cannot
    have a customer-managed key. Fields: `warnings` (the probable fault of each variable, by its
    name)."""


class LogSink:
    """Writes lines for changes, for scans with their gaps, and for the state of the watch."""

    async def accept(self, published: Sequence[tuple[int, Change]]) -> None:
        """Write a line for each change."""
        for number, change in published:
            write_line(logging.INFO, LogEvent.CHANGE, {"number": number, **to_cloudevent(change)})

    async def report_scan(self, scan: "Scan", unpublished: Unpublished = ALL_PUBLISHED) -> None:
        """Write a line for a scan that has started or ended, and for each gap of a full scan.

        A partial scan has a separate event, because alert rules that wait for ``cmk.scan`` must not
        mistake a partial scan for a scan of the estate.
        """
        if scan.state is ScanState.RUNNING:
            fields = _start(scan) | {"partial": scan.is_partial}
            write_line(logging.INFO, LogEvent.SCAN_STARTED, fields)
            return
        summary = scan.summary
        for gap in summary.gaps if summary and not scan.is_partial else ():
            write_line(logging.WARNING, LogEvent.GAP, _gap(scan.id, gap))
        fields = _end(scan, unpublished) | (_outcome(scan, summary) if summary else {})
        event = LogEvent.PARTIAL_SCAN if scan.is_partial else LogEvent.SCAN
        write_line(logging.WARNING if scan.reason else logging.INFO, event, fields)

    async def report_watch(self, watch: Watch, gap: Gap | None) -> None:
        """Write a line for the state of the watch."""
        since = watch.since and write_time(watch.since)
        fields = {"state": watch.state, "since": since, **_to_camel_case(gap)}
        write_line(logging.WARNING if gap else logging.INFO, LogEvent.WATCH, fields)


def write_line(level: int, event: str, fields: Mapping[str, object]) -> None:
    """Write a line for alert rules."""
    _log.log(level, "%s", line(event, fields))


def line(event: str, fields: Mapping[str, object]) -> str:
    """Return one line of JSON with at most 8 KB; long values are shortened, but never ids."""
    return write_bounded_json({"event": event, "v": 1, **fields}, MAX_LOG_LINE_CHARS)


def write_bounded_json(value: object, most: int) -> str:
    """Return a value as JSON with at most ``most`` characters (ASCII, so also bytes).

    Long values and lists are shortened, but never ids.
    """
    text = json.dumps(value, separators=(",", ":"))
    for chars, entries in SHORTENED_TO:
        if len(text) <= most:
            break
        text = json.dumps(_cut(value, chars, entries), separators=(",", ":"))
    return text


def _cut(value: object, chars: int, entries: int, name: str = "") -> object:
    match value:
        case dict():
            return {key: _cut(entry, chars, entries, key) for key, entry in value.items()}
        case list():
            return [_cut(entry, chars, entries) for entry in value[:entries]]
        case str() if name not in _IDS:
            return value[:chars]
        case _:
            return value


def _start(scan: "Scan") -> dict[str, object]:
    return {
        "scanId": scan.id,
        "trigger": scan.trigger.value,
        "overdue": scan.overdue,
        "startedAt": write_time(scan.started_at),
    }


def _end(scan: "Scan", unpublished: Unpublished) -> dict[str, object]:
    took = scan.finished_at - scan.started_at if scan.finished_at else None
    since = unpublished.since and write_time(unpublished.since)
    return {
        **_start(scan),
        "state": scan.state.value,
        "reason": scan.reason,
        "durationSeconds": None if took is None else int(took.total_seconds()),
        "unpublished": {"changes": unpublished.changes, "since": since},
    }


def _outcome(scan: "Scan", summary: Summary) -> dict[str, object]:
    accounts, subscriptions = summary.accounts, summary.subscriptions
    counts = {to_camel(name): getattr(accounts, name) for name in _COUNTS}
    counts["excepted"] = count_honoured(accounts.excepted, scan.finished_at or scan.started_at)
    return {
        "posture": scan.posture,
        "accounts": counts,
        "keys": KEY_HEALTH.sums(accounts),
        "subscriptions": {"total": subscriptions.total, **asdict(subscriptions)},
        "changes": summary.changes,
        "crossCheck": summary.cross_check and asdict(summary.cross_check),
    }


def _gap(scan_id: str, known_gap: KnownGap) -> dict[str, object]:
    return {
        "scanId": scan_id,
        "subscriptionId": known_gap.subscription_id,
        "name": known_gap.name,
        **_to_camel_case(known_gap.gap),
        "since": write_time(known_gap.since),
    }


def _to_camel_case(gap: Gap | None) -> dict[str, object]:
    return {to_camel(name): value for name, value in asdict(gap).items()} if gap else {}
