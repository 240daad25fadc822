"""What must hold once a scan has finished after a death, whatever step the death was at."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.functional.killed.estates import Estates, Transition, posture, verdicts
from tests.functional.storage_kit import Row, Told

# Dates and ids that a scan gives, so that they differ from one scan to the next.
_OF_THE_DAY: Final = frozenset(
    {"_etag", "firstSeen", "changedAt", "violatedSince", "since", "history", "lastRead"}
)
# The sums of a coverage row, which name the oldest violation of each owner.
_SUMS: Final = frozenset({"owners", "keys"})
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?")
# What CMK_ALERT_ON leaves out unless it says otherwise.
_NOT_POSTED: Final = frozenset(
    {"cmkcheck.account.discovered", "cmkcheck.account.removed", "cmkcheck.account.updated"}
)

type Documents = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands after the last scan, and what was heard until then.

    ``logged``, ``queued`` and ``posted`` are ids of changes; the last two are None while the
    program tells nobody that way.
    """

    tables: Mapping[str, Sequence[Row]]
    feed: Sequence[Told]
    status: Mapping[str, Any]
    logged: frozenset[str]
    queued: frozenset[str] | None
    posted: frozenset[str] | None

    @property
    def findings(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """The rows of the findings table without what differs from one scan to the next."""
        return {
            (row["PartitionKey"], row["RowKey"]): {
                name: _TIME.sub("", value) if name in _SUMS else value
                for name, value in row.items()
                if name not in _OF_THE_DAY
            }
            for row in self.tables["cmkfindings"]
        }


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened: ``transitions`` from what stood ``before`` to what the estate is."""

    transitions: Counter[Transition]
    content: Estates
    known: Estates
    told_before: int = 0
    is_first: bool = False

    def faults(self, seen: Seen, undisturbed: Seen | None) -> Iterator[str]:
        """Say what is lost, doubled or wrong."""
        news = [told for told in seen.feed if told.number > self.told_before]
        yield from self._feed(news, seen)
        yield from _numbers(seen.feed)
        yield from _order(seen.tables["cmkchanges"])
        yield from _told(news, seen)
        yield from self._state(seen, undisturbed)

    def _feed(self, news: Sequence[Told], seen: Seen) -> Iterator[str]:
        told = Counter((change.type, change.subject) for change in news)
        due = self.transitions + _of_scans(seen.tables["cmkscans"], is_first=self.is_first)
        for (kind, subject), times in (due - told).items():
            yield f"lost: {kind} of {subject}, {times} times"
        for (kind, subject), times in (told - due).items():
            yield f"told too often or untrue: {kind} of {subject}, {times} times"

    def _state(self, seen: Seen, undisturbed: Seen | None) -> Iterator[str]:
        found = {
            row["name"]: row["verdict"]
            for row in seen.tables["cmkfindings"]
            if row["RowKey"].startswith("finding|")
        }
        if found != verdicts(self.content, self.known):
            yield f"verdicts: {_difference(found, verdicts(self.content, self.known))}"
        if seen.status["posture"] != posture(self.content):
            yield f"posture: {seen.status['posture']}, and it is {posture(self.content)}"
        for name, rows in seen.tables.items():
            left = [row["RowKey"] for row in rows if _is_left_over(row)]
            if left:
                yield f"left in {name}: {left}"
        if undisturbed is None:
            return
        if seen.findings != undisturbed.findings:
            yield f"findings: {_difference(seen.findings, undisturbed.findings)}"
        for name in ("posture", "reasons", "accounts", "subscriptions", "fresh"):
            if seen.status[name] != undisturbed.status[name]:
                yield f"status, {name}: {seen.status[name]}, not {undisturbed.status[name]}"
        state, due = seen.status["lastScan"]["state"], undisturbed.status["lastScan"]["state"]
        if state != due:
            yield f"the last scan is {state}, not {due}"


def says_compliant_wrongly(tables: Mapping[str, Sequence[Row]]) -> bool:
    """Tell whether the status calls an estate compliant that the findings table does not.

    It must not, neither for one for whom keys count nor for one for whom they do not; nor may it
    accept a violation that has no honoured exception.
    """
    statuses = [row for row in tables["cmkscans"] if row["RowKey"] == "status"]
    if not statuses or not _says_compliant(status := _document(statuses[0])):
        return False
    rows = tables["cmkfindings"]
    bad = [row for row in rows if row.get("verdict", "compliant") != "compliant"]
    accepts = bool(status["summary"]["accounts"]["excepted"])
    if any(not accepts or row.get("exception") != "honoured" for row in bad):
        return True
    if any(row.get("coverage") == "gap" for row in rows):
        return True
    keys = status["summary"]["accounts"]["by_key_health"]
    is_low = status["lowered_for"] or keys.get("broken") or keys.get("unknown")
    return not is_low and any(row.get("keyHealth") in {"broken", "unknown"} for row in rows)


def _says_compliant(status: Mapping[str, Any]) -> bool:
    """Tell whether a status says compliant, with exceptions or not, if keys do not count."""
    if status["as_of"] is None or status["lowered"] is not None:
        return False
    accounts = status["summary"]["accounts"]
    kinds = accounts["by_kind"].values()
    violated = sum(kind["non_compliant"] for kind in kinds)
    accepted = sum(count for _, count in accounts["excepted"])
    if violated > accepted or any(kind["unknown"] for kind in kinds):
        return False
    return not status["summary"]["subscriptions"]["gap"]


def _of_scans(rows: Sequence[Row], *, is_first: bool) -> Counter[Transition]:
    """Say what is to be told of the scans themselves, by how each of them ended."""
    scans = [
        _document(row)
        for row in rows
        if row["RowKey"].startswith("scan|") and row["PartitionKey"] == "scan"
    ]
    told: Counter[Transition] = Counter()
    first = True
    for scan in sorted(scans, key=lambda scan: int(scan["epoch"])):
        subject = f"/scans/{scan['id']}"
        if scan["state"] in {"abandoned", "failed"}:
            told[f"cmkcheck.scan.{scan['state']}", subject] += 1
        elif scan["supersedes"]:
            told["cmkcheck.scan.recovered", subject] += 1
        if first and is_first and scan["state"] in {"complete", "incomplete"}:
            told["cmkcheck.scan.baseline", subject] += 1
            first = False
    return told


def _numbers(feed: Sequence[Told]) -> Iterator[str]:
    numbers = [change.number for change in feed]
    if numbers != list(range(1, len(feed) + 1)):
        yield f"the numbers of the feed have gaps: {numbers}"
    twice = [name for name, times in Counter(change.id for change in feed).items() if times > 1]
    if twice:
        yield f"in the feed more than once: {twice}"


def _order(rows: Sequence[Row]) -> Iterator[str]:
    by_source: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row["RowKey"].isdigit() and row["source"].startswith("/subscriptions/"):
            by_source[row["source"]].append(row["sequence"])
    for source, sequences in by_source.items():
        if sequences != list(range(1, len(sequences) + 1)):
            yield f"not in order of sequence: {source} {sequences}"


def _told(news: Sequence[Told], seen: Seen) -> Iterator[str]:
    published = {change.id for change in seen.feed}
    to_post = {
        change.id
        for change in news
        if change.type not in _NOT_POSTED
        and (not change.data["baseline"] or change.type == "cmkcheck.scan.baseline")
    }
    ways = (
        ("log lines", seen.logged, {change.id for change in news}),
        ("queue", seen.queued, {change.id for change in news}),
        ("webhook", seen.posted, to_post),
    )
    for name, heard, due in ways:
        if heard is None:
            continue
        if missing := due - heard:
            yield f"{name}: not told: {sorted(missing)}"
        if unknown := heard - published:
            yield f"{name}: told under an id that the feed does not have: {sorted(unknown)}"


def _is_left_over(row: Row) -> bool:
    return (
        row["RowKey"].startswith("outbox|")
        or row["PartitionKey"].startswith("slice|")
        or bool(row.get("recording"))
    )


def _document(row: Row) -> Any:  # noqa: ANN401 - JSON
    pieces = [row[name] for name in sorted(row, key=len) if name.startswith("document")]
    return json.loads("".join(pieces))


def _difference[K](found: Mapping[K, object], due: Mapping[K, object]) -> str:
    keys = [key for key in found.keys() | due.keys() if found.get(key) != due.get(key)]
    return "; ".join(f"{key}: {found.get(key)}, not {due.get(key)}" for key in keys[:5])
