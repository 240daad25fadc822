"""Log lines: one JSON object a line, never longer than 8 KB, whatever the names are."""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.alerts.log_lines import LogSink, line, write_bounded_json
from cmk_check.core.cloudevents import to_cloudevent
from cmk_check.core.cross_check import CrossCheck, CrossCheckState
from cmk_check.core.enums import (
    ChangeType,
    GapReason,
    KeyState,
    PostureVerdict,
    ScanState,
    Trigger,
    WatchState,
)
from cmk_check.core.gap import Gap
from cmk_check.core.model import AccountCounts, Change, VerdictCounts
from cmk_check.core.status import KnownGap, SubscriptionCounts, Summary, Unpublished
from cmk_check.core.watch_state import Watch
from cmk_check.limits import MAX_LOG_LINE_CHARS, SHORTENED_TO
from cmk_check.store.scan_rows import Scan
from tests.fakes.hostile import changes_of_every_kind
from tests.unit.accepted import check_accepted
from tests.unit.core.examples import ID

NOON: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
CHANGE: Final = Change(
    "id-1", ChangeType.ACCOUNT_VIOLATED, NOON, "/s", "/s/a", {"name": "a", "scanId": "scan-1"}, 4
)
SCAN: Final = Scan("scan-1", 1, Trigger.TIMER, NOON, ScanState.COMPLETE, finished_at=NOON)
LINES: Final = Path(__file__).parent / "golden" / "log_lines.json"
CHECK: Final = CrossCheck(CrossCheckState.PARTLY, 3)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Listen to the lines that alert rules count."""
    caplog.set_level(logging.INFO, logger="cmk_check.lines")
    return caplog


async def test_each_change_is_a_line(lines: pytest.LogCaptureFixture) -> None:
    """The alert rules in Azure Monitor count these."""
    await LogSink().accept([(7, CHANGE), (8, replace(CHANGE, id="id-2"))])

    first, second = (json.loads(message) for message in lines.messages)
    assert first == {"event": "cmk.change", "v": 1, "number": 7, **to_cloudevent(CHANGE)}
    assert (second["number"], second["id"]) == (8, "id-2")


async def test_each_line_has_the_form_that_was_accepted(lines: pytest.LogCaptureFixture) -> None:
    """Alert rules and workbooks read these fields, without access to the API."""
    keys: dict[str, int] = {KeyState.AT_RISK: 1, KeyState.BROKEN: 2}
    # The first exception ends while the scan runs.
    excepted = (NOON + timedelta(seconds=90), 1), (NOON + timedelta(days=9), 1)
    accounts = AccountCounts(
        {"OpenAI": VerdictCounts(4, 2, 1)}, unread=3, by_key_health=keys, excepted=excepted
    )
    summary = Summary(accounts, SubscriptionCounts(5, 0, 1, 2), changes=6, cross_check=CHECK)
    scan = replace(
        SCAN,
        finished_at=NOON + timedelta(seconds=90),
        posture=PostureVerdict.NON_COMPLIANT,
        summary=summary,
    )
    failed = replace(SCAN, state=ScanState.FAILED, reason="The list is empty.")
    gap = Gap(GapReason.FORBIDDEN, "a/read", "Grant it.")

    await LogSink().report_scan(Scan("scan-1", 1, Trigger.WATCH, NOON, named=(ID,)))
    await LogSink().report_scan(scan, Unpublished(2, NOON))
    await LogSink().report_scan(replace(scan, summary=Summary()))
    await LogSink().report_scan(failed)
    # Its gaps have no lines, because the last full scan's are those of the estate.
    known = KnownGap(ID, "name", gap, NOON)
    await LogSink().report_scan(replace(SCAN, summary=Summary(gaps=(known,)), named=(ID,)))
    await LogSink().report_watch(Watch(state=WatchState.BLIND, since=NOON), gap)

    start, _, without_keys, *_ = lines.messages
    # Rules read the newest line of an end; a scan that hangs has that of its start alone.
    assert not start.startswith('{"event":"cmk.scan"')
    # A count of 0 broken keys would look like good news.
    assert json.loads(without_keys)["keys"] is None
    levels = [record.levelname for record in lines.records]
    assert levels == ["INFO"] * 3 + ["WARNING", "INFO", "WARNING"]
    check_accepted(LINES, [json.loads(message) for message in lines.messages])


async def test_each_gap_of_a_scan_is_a_line(lines: pytest.LogCaptureFixture) -> None:
    """An alert rule can name the subscription and what to grant, hostile names or not (P10)."""
    name = 'a\n{"event":"cmk.scan","v":1}\u2028%s'
    gap = Gap(GapReason.FORBIDDEN, "Microsoft.X/read", name * 3000)
    summary = Summary(gaps=(KnownGap(ID, name, gap, NOON),), gaps_omitted=4)
    await LogSink().report_scan(replace(SCAN, summary=summary))

    first, second = lines.messages
    assert len(first) <= MAX_LOG_LINE_CHARS
    read = json.loads(first)
    assert (name * 3000).startswith(read.pop("detail"))
    assert (read["name"], read["reason"], read["v"]) == (name, "forbidden", 1)
    assert (read["subscriptionId"], read["missingAction"]) == (ID, "Microsoft.X/read")
    assert (read["scanId"], read["since"]) == ("scan-1", "2026-11-25T12:00:00Z")
    assert json.loads(second)["event"] == "cmk.scan"


_TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_LONG: Final = st.builds(lambda text, times: text * times, _TEXT, st.sampled_from([1, 40, 900]))


@given(_LONG, _LONG, st.text("abc/-", min_size=1, max_size=400))
def test_a_line_is_short_valid_and_names_what_changed(name: str, detail: str, subject: str) -> None:
    """Long values are cut, but never the ids; no name can start a new line (P10)."""
    ids = {"id": "id-1", "source": subject, "subject": subject}
    text = line("cmk.change", ids | {"data": {"a": name, "b": detail, "scanId": "scan-1"}})

    assert len(text) <= MAX_LOG_LINE_CHARS == 8192
    assert text.isascii()
    assert text.isprintable()
    read = json.loads(text)
    kept = [read["id"], read["source"], read["subject"], read["data"]["scanId"]]
    assert kept == ["id-1", subject, subject, "scan-1"]
    assert name.startswith(read["data"]["a"])
    assert bool(read["data"]["a"]) == bool(name)


@pytest.mark.parametrize("text", ["\U0001f600" * 500, "&" * 60_000], ids=["emoji", "long"])
def test_the_heaviest_changes_there_can_be_are_lines_of_8_kb_at_most(text: str) -> None:
    """A line that Azure Monitor cuts is no JSON, and no rule counts it."""
    changes = changes_of_every_kind(text)

    lines = [line("cmk.change", {"number": 7, **to_cloudevent(change)}) for change in changes]

    assert max(map(len, lines)) <= MAX_LOG_LINE_CHARS
    assert [json.loads(each)["subject"] for each in lines] == [each.subject for each in changes]


def test_the_line_of_a_first_scan_names_as_many_broken_keys_as_fit() -> None:
    """A cut id is useless; the counts show that there are more."""
    names = [f"{ID}/resourcegroups/rg-ai/accounts/prod-openai-{n:03}" for n in range(50)]
    keys = [{"accountId": name * 3, "reasons": ["key_disabled"]} for name in names]

    read = json.loads(line("cmk.change", {"id": "id-1", "data": {"brokenKeys": keys}}))

    assert read["data"]["brokenKeys"] == keys[:25]


def test_what_just_fits_is_whole_and_else_texts_and_lists_are_cut() -> None:
    """A list may hold texts and lists of any length; logs are billed by size, so no blank."""
    chars, entries = SHORTENED_TO[0]
    value = {"texts": ["t" * 3_000], "lists": [list(range(100))]}
    whole = json.dumps(value, separators=(",", ":"))

    cut = {"texts": ["t" * chars], "lists": [list(range(entries))]}
    assert write_bounded_json(value, len(whole)) == whole
    assert write_bounded_json(value, len(whole) - 1) == json.dumps(cut, separators=(",", ":"))
