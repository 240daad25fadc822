"""What the alert rules raise over hours and days, on the lines that the app writes then."""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from cmk_check.alerts.deliver import DeliveryContext, deliver
from cmk_check.alerts.delivery_queue import parse_message
from cmk_check.alerts.log_lines import LogSink, write_line
from cmk_check.core.comparison.changes import of_scan
from cmk_check.core.enums import (
    ChangeType,
    GapReason,
    PostureReason,
    ScanState,
    Trigger,
    WatchState,
)
from cmk_check.core.gap import Gap
from cmk_check.core.model import Change
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.status import SubscriptionCounts, Summary, Unpublished
from cmk_check.core.watch_state import Watch
from cmk_check.ports import Clock, DeliveryFailed, DeliveryMessage
from cmk_check.store.change_feed import FeedTable
from cmk_check.store.scan_rows import Scan
from tests.fakes.delivery import MemoryTexts, ScriptedWebhook
from tests.fakes.recording_store import RecordingStore
from tests.fakes.world import BEGINNING, MovableClock
from tests.guard.infra.alert_engine import (
    DELAYS,
    PHASES,
    Line,
    Log,
    Look,
    Row,
    at_every_phase,
    every,
    naive,
    span,
)
from tests.guard.infra.alert_rules import criterion
from tests.guard.log_line_samples import write_lines


class LinesInTime(logging.Handler):
    """The lines that the app writes, each with the time of a clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(logging.INFO)
        self.lines: list[Line] = []
        self._clock = clock

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(Line(self._clock.now(), record.getMessage()))


@dataclass
class Evaluated:
    """When a rule raised what: the values of its dimensions, once for each alert."""

    raised: dict[datetime, set[Row]] = field(default_factory=dict)

    def times(self) -> list[datetime]:
        """Return when anything was raised."""
        return [time for time, rows in self.raised.items() if rows]

    def mails(self) -> list[Row]:
        """Return each alert that begins, in order; one that lasts is told once."""
        told: list[Row] = []
        before: set[Row] = set()
        for rows in self.raised.values():
            told += sorted(rows - before)
            before = rows
        return told


def evaluated(rule: Any, log: Log, times: Iterable[datetime]) -> Evaluated:  # noqa: ANN401 - the template's JSON
    """Evaluate a rule at these times.

    A rule sees the lines of its time range. Rows that have a time count in the window of their
    time, and rows without one at once: windowSize is the size of the bins of the count.
    """
    reach = span(rule.get("overrideQueryTimeRange") or rule["windowSize"])
    names = [dimension["name"] for dimension in criterion(rule)["dimensions"]]
    found = Evaluated()
    for now in times:
        rows = log.rows(criterion(rule)["query"], Look(now, now - reach, now, now))
        begin = naive(now - span(rule["windowSize"]))
        found.raised[now] = {
            tuple(row[name] or "" for name in names)
            for row in rows
            if "timestamp" not in row or row["timestamp"] > begin
        }
    return found


HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)
UNSEEN: Final = POSTURE_REASONS[PostureReason.NO_SUBSCRIPTION_VISIBLE].text()
EARLY: Final = POSTURE_REASONS[PostureReason.EARLIER_BUILD].text()
REFUSED: Final = "The subscriptions could not be listed. forbidden: trace 17 of 2026-11-25"
ALERT: Final = ChangeType.ACCOUNT_VIOLATED
DOWN: Final = DeliveryFailed("503", permanent=False)
NO_CODE: Final = (
    "No scan was logged. If the app is new, upload its code: docs/deploy.md. Otherwise see "
    "docs/operations.md, Missing scans."
)
NO_ROLE: Final = "Grant the app the right to read: docs/deploy.md, Let it read the estate."


class App:
    """An app whose scans end as a test says, and the lines of that."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.log = LinesInTime(self.clock)
        self._ended = 0

    async def scans(self, *states: ScanState, reason: str = REFUSED, overdue: bool = False) -> None:
        """Let a scan end so, one every hour from now on; the app tells changes as it does."""
        for state in states:
            self._ended += 1
            now = self.clock.now()
            failed = state is ScanState.FAILED
            why = reason if failed else None
            ended = Scan(
                "s", 1, Trigger.TIMER, now, state, finished_at=now, reason=why, overdue=overdue
            )
            summary = Summary(subscriptions=SubscriptionCounts(gap=state is ScanState.INCOMPLETE))
            if failed:
                await self._tell(ChangeType.SCAN_FAILED, reason)
            elif self._ended > 1:
                await self._tell(ChangeType.SCAN_RECOVERED, None)
            await LogSink().report_scan(replace(ended, summary=None if failed else summary))
            self.clock.advance(HOUR)

    async def _tell(self, kind: ChangeType, reason: str | None) -> None:
        change = of_scan(kind, "s", self.clock.now(), f"c{self._ended}", reason)
        await LogSink().accept([(self._ended, change)])

    def evaluated(
        self,
        rule: Any,  # noqa: ANN401 - the template's JSON
        *,
        since: datetime = BEGINNING + 7 * MINUTE,
        until: datetime | None = None,
        step: timedelta | None = None,
    ) -> Evaluated:
        """Evaluate a rule until now, as often as it says or less often."""
        step = step or span(rule["evaluationFrequency"])
        times = every(step, since, until or self.clock.now())
        return evaluated(rule, Log(self.log.lines), times)


@pytest.fixture
def app() -> Iterator[App]:
    """An app that has not done anything yet."""
    app = App()
    log = logging.getLogger("cmk_check.lines")
    log.addHandler(app.log)
    log.setLevel(logging.INFO)
    yield app
    log.removeHandler(app.log)
    log.setLevel(logging.NOTSET)


GIVEN_UP: Final = {"first": 1, "last": 2, "changes": 1, "attempt": 9, "state": "given_up"}


def events_of(rules: dict[str, Any]) -> dict[str, Any]:
    """Return the rules that tell of events."""
    return {name: rule for name, rule in rules.items() if not rule["autoMitigate"]}


def by_event(rule: Any) -> Any:  # noqa: ANN401 - the template's JSON
    """Return the rule with an alert for each event, however many there are."""
    given = criterion(rule)
    column = "id" if "by id =" in given["query"] else "message"
    query = re.sub(r"(?s)^let rows = (.*);\nlet many.*", r"\1", given["query"])
    alone = given | {"query": query, "dimensions": [{"name": column}]}
    return rule | {"criteria": {"allOf": [alone]}}


@pytest.mark.parametrize(
    ("jitter", "unreadable", "again"),
    [((0,), 0, ()), ((-1, 1), 1, (MINUTE, HOUR))],
    ids=["on time", "early and late, before it can be read, written three times"],
)
async def test_an_event_is_told_at_every_phase_and_delay(
    rules: dict[str, Any],
    app: App,
    jitter: tuple[int, ...],
    unreadable: int,
    again: tuple[timedelta, ...],
) -> None:
    """A line that arrives when the window of its time is over would never be told.

    Three events in five are told twice, and none three times.
    """
    await write_lines()
    write_line(logging.ERROR, "cmk.tell", GIVEN_UP)
    app.log.lines = [one for one in app.log.lines if re.search(r"cmk\.(change|tell)", one.text)]
    in_time = Log(app.log.lines)
    lines = at_every_phase([one.text for one in app.log.lines], BEGINNING, again)
    log = Log(lines, unreadable=unreadable * MINUTE)
    late = [minutes * MINUTE for minutes in jitter]

    for name, rule in events_of(rules).items():
        alone, step = by_event(rule), span(rule["evaluationFrequency"])
        (events,) = evaluated(alone, in_time, [BEGINNING]).raised.values()
        times = every(step, BEGINNING - step, BEGINNING + HOUR + sum(again, timedelta()), late)

        raised = evaluated(alone, log, times).raised.values()

        told = Counter(event for rows in raised for event in rows)
        assert len(told) == len(events) * len(PHASES) * len(DELAYS), name
        if again and name == "message-given-up":  # its lines have no id
            continue
        assert set(told.values()) == {1, 2}, name
        assert sum(told.values()) == len(told) * (8 - unreadable) / 5, name


async def test_an_event_is_told_even_if_azure_does_not_note_when_lines_arrive(
    rules: dict[str, Any], app: App
) -> None:
    """A comparison with null is never true: all of these rules would fall silent at once."""
    await write_lines()
    write_line(logging.ERROR, "cmk.tell", GIVEN_UP)
    log = Log(app.log.lines, noted=False)

    for name, rule in events_of(rules).items():
        assert evaluated(rule, log, [BEGINNING + 5 * MINUTE]).times(), name


def many(lines: list[Line], count: int) -> list[Line]:
    """Repeat each change for so many accounts or subscriptions, and each broken key of a scan."""
    found: list[Line] = []
    for time, text, _ in lines:
        line = json.loads(text)
        if line["event"] != "cmk.change":
            continue
        data, is_baseline = line["data"], line["type"] == ChangeType.SCAN_BASELINE
        for number in range(1 if is_baseline else count):
            about = {key: f"{data[key]}-{number}" for key in ("name", "findingUrl") if key in data}
            keys = {"brokenKeys": data.get("brokenKeys", []) * count}
            repeated = line | {"id": f"{line['id']}-{number}", "data": data | about | keys}
            found.append(Line(time, json.dumps(repeated, separators=(",", ":"))))
    return found


@pytest.mark.parametrize(("count", "alerts"), [(10, 10), (300, 1)])
async def test_a_cause_that_changes_hundreds_raises_few_alerts(
    rules: dict[str, Any], app: App, count: int, alerts: int
) -> None:
    """Azure sends 100 mails an hour: a flood of one rule would swallow those of another."""
    app.clock.advance(12 * MINUTE)
    await write_lines()
    log = Log(many(app.log.lines, count))

    raised = {
        name: evaluated(rule, log, [app.clock.now()]).mails()
        for name, rule in events_of(rules).items()
    }

    assert max(map(len, raised.values())) <= 20
    assert len(raised["account-violated"]) == len(raised["coverage-lost"]) == alerts
    assert len(raised["baseline-key-broken"]) == 1
    if alerts == 1:
        ((about, number, _, owner, reason, link),) = raised["account-violated"]
        assert (about, number, owner) == ("several", "300 accounts", "x")
        assert reason == "microsoft_managed_key"
        assert link.endswith("/api/dashboard#verdict=non_compliant")
        assert raised["coverage-lost"][0][1:3] == ("300 subscriptions", "forbidden")


async def test_an_incomplete_scan_is_one_alert_until_a_scan_is_complete(
    rules: dict[str, Any], app: App
) -> None:
    """One that ended in each quarter of an hour without a scan would be a mail every hour."""
    await app.scans(*[ScanState.INCOMPLETE] * 5, ScanState.COMPLETE)

    found = app.evaluated(rules["scan-incomplete"])

    assert found.mails() == [()]
    assert len(found.times()) == 20
    assert max(found.times()) < BEGINNING + 5 * HOUR


async def test_missing_scans_say_the_next_step_of_an_installation(
    rules: dict[str, Any], app: App
) -> None:
    """A new app cannot be told from a dead one; but its alert is the next line to do."""
    app.clock.advance(HOUR)
    await app.scans(ScanState.FAILED, ScanState.FAILED, reason=UNSEEN)
    await app.scans(ScanState.INCOMPLETE, ScanState.COMPLETE)

    found = app.evaluated(rules["scan-missing"])

    assert found.mails() == [(NO_CODE,), (NO_ROLE,)]
    assert max(found.times()) < BEGINNING + 3 * HOUR


async def test_p11_scans_over_rows_of_an_earlier_build_are_missed_and_the_alert_says_what_to_delete(
    rules: dict[str, Any], app: App
) -> None:
    """They write nothing, so their line is all that a rule can read."""
    await app.scans(ScanState.COMPLETE)
    failed = Scan("s", 1, Trigger.TIMER, BEGINNING, ScanState.FAILED, reason=EARLY)
    for _ in range(4):
        await LogSink().report_scan(failed)
        app.clock.advance(HOUR)

    found = app.evaluated(rules["scan-missing"])

    assert found.mails() == [("Delete the tables: docs/upgrade.md, From an early build.",)]
    assert min(found.times()) < BEGINNING + 4 * HOUR


async def test_scans_that_fail_or_have_stopped_are_missed_for_ever(
    rules: dict[str, Any], app: App
) -> None:
    """An alert that ends when the last line is too old to see says that all is well."""
    await app.scans(ScanState.COMPLETE, *[ScanState.FAILED] * 4)
    stopped = app.clock.now()
    await app.scans(ScanState.COMPLETE)
    app.clock.advance(timedelta(days=3))

    found = app.evaluated(rules["scan-missing"], step=90 * MINUTE)

    assert BEGINNING + 3 * HOUR < min(found.times()) < stopped
    assert all(rows for time, rows in found.raised.items() if time > stopped + 3 * HOUR)
    assert found.mails() == [
        ("Scans fail: docs/operations.md, Scans that fail.",),
        ("docs/operations.md, Missing scans.",),
        (NO_CODE,),
    ]


async def test_scans_that_fail_are_one_alert_for_each_reason(
    rules: dict[str, Any], app: App
) -> None:
    """A role that is granted next week would be a mail for every hour until then."""
    await app.scans(ScanState.COMPLETE, *[ScanState.FAILED] * 5)
    await app.scans(ScanState.FAILED, reason=UNSEEN)
    await app.scans(ScanState.COMPLETE, ScanState.COMPLETE)

    found = app.evaluated(rules["scan-failed"])

    assert found.mails() == [("The subscriptions could not be listed. forbidden",), (UNSEEN,)]
    assert max(found.times()) < BEGINNING + 7 * HOUR


async def test_a_timer_that_has_stopped_is_one_alert_until_it_starts_a_scan(
    rules: dict[str, Any], app: App
) -> None:
    """The second clock keeps results fresh, so nothing else tells of it."""
    await app.scans(ScanState.COMPLETE, ScanState.COMPLETE)
    begun = app.clock.now()
    await app.scans(ScanState.COMPLETE, ScanState.FAILED, ScanState.INCOMPLETE, overdue=True)
    mended = app.clock.now()
    await app.scans(ScanState.COMPLETE)

    found = app.evaluated(rules["timer-stopped"])

    assert found.mails() == [("docs/operations.md, A timer that has stopped.",)]
    assert begun <= min(found.times()) < begun + 16 * MINUTE
    assert mended - 16 * MINUTE < max(found.times()) <= mended


async def deliver_for(app: App, *failures: DeliveryFailed) -> None:
    """Deliver a range with one alert, and again as long as the queue says."""
    store = RecordingStore()
    await FeedTable(store).publish(
        [
            Change(f"c{number}", kind, BEGINNING, "/s", "/a", {}, number)
            for number, kind in enumerate((ChangeType.ACCOUNT_UPDATED, ALERT), 1)
        ]
    )
    delivery = DeliveryContext(
        FeedTable(store),
        [ScriptedWebhook(list(failures))],
        {ALERT.value},
        again := MemoryTexts(),
        MemoryTexts(),
        app.clock,
    )
    await deliver(delivery, DeliveryMessage(1, 2))
    while again.sent:
        text, delay = again.sent.pop()
        app.clock.advance(delay)
        await deliver(delivery, parse_message(text))


async def test_a_webhook_that_fails_for_an_hour_is_told_until_alerts_are_given_up(
    rules: dict[str, Any], app: App
) -> None:
    """The day until alerts are given up is the day on which somebody could have mended it."""
    await deliver_for(app, *[DOWN] * 1000)

    begun = app.evaluated(rules["webhook-failing"], until=BEGINNING + 2 * HOUR)
    lasts = app.evaluated(rules["webhook-failing"], since=min(begun.times()), step=3 * HOUR)
    given_up = app.log.lines[-1][0]
    app.clock.advance(10 * MINUTE)
    lost = app.evaluated(rules["message-given-up"], since=given_up - 7 * MINUTE)

    assert BEGINNING + HOUR < min(begun.times()) < BEGINNING + HOUR + 16 * MINUTE
    assert all(lasts.raised.values())
    assert len(lost.times()) == 1


async def test_a_webhook_that_works_again_ends_its_alert(rules: dict[str, Any], app: App) -> None:
    """Whoever mended it must see that it is mended."""
    await deliver_for(app, *[DOWN] * 8)
    mended = app.clock.now()
    app.clock.advance(2 * HOUR)

    found = app.evaluated(rules["webhook-failing"], since=mended - HOUR)

    assert min(found.times()) <= max(found.times()) < mended


async def test_a_route_that_works_again_ends_no_alert_of_another(
    rules: dict[str, Any], app: App
) -> None:
    """Both have the same range; the one that still fails must be mended, too."""
    tried = {"first": 1, "last": 2, "changes": 1, "attempt": 3}
    for _ in range(3):
        for route in ("mended", "broken"):
            write_line(logging.WARNING, "cmk.tell", {"state": "retry", **tried, "route": route})
        app.clock.advance(HOUR)
    write_line(logging.INFO, "cmk.tell", {"state": "delivered", **tried, "route": "mended"})
    mended = app.clock.now()
    app.clock.advance(HOUR)

    found = app.evaluated(rules["webhook-failing"], since=mended + MINUTE)

    assert all(found.raised.values())


async def test_a_watch_that_is_blind_for_an_hour_is_told_until_it_sees(
    rules: dict[str, Any], app: App
) -> None:
    """A blindness of days is still one: the app repeats its line every hour."""
    gap = Gap(GapReason.FORBIDDEN, "Microsoft.ResourceGraph/resources/read")
    blind = Watch(state=WatchState.BLIND, since=app.clock.now())
    for _ in range(60):
        await LogSink().report_watch(blind, gap)
        app.clock.advance(HOUR)
    mended = app.clock.now()
    await LogSink().report_watch(Watch(state=WatchState.SEEING, since=mended), None)
    app.clock.advance(3 * HOUR)

    begun = app.evaluated(rules["watch-blind"], until=BEGINNING + 2 * HOUR)
    lasts = app.evaluated(rules["watch-blind"], since=min(begun.times()), until=mended, step=HOUR)
    over = app.evaluated(rules["watch-blind"], since=mended)

    assert BEGINNING + HOUR < min(begun.times()) < BEGINNING + HOUR + 16 * MINUTE
    assert all(lasts.raised.values())
    assert max(over.times(), default=mended) <= mended + 16 * MINUTE


async def test_changes_that_are_not_published_are_one_alert_until_they_are(
    rules: dict[str, Any], app: App
) -> None:
    """No other rule can see them: each reads the lines that are written when they are published."""
    first = app.clock.now()
    ended = Scan("s", 1, Trigger.TIMER, first, ScanState.COMPLETE, summary=Summary())
    for left in (Unpublished(2, first), Unpublished(3, first), Unpublished(), Unpublished(1)):
        await LogSink().report_scan(ended, left)
        app.clock.advance(HOUR)

    found = app.evaluated(rules["changes-unpublished"])

    assert found.mails() == [("docs/operations.md, Changes that are not published.",)] * 2
    assert first + 30 * MINUTE < min(found.times()) < first + 46 * MINUTE
    assert not [time for time in found.times() if HOUR * 2 < time - first < HOUR * 3]
