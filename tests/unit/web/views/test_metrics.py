"""The metrics for alerts in Prometheus, in both formats that it requests."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import Metric, openmetrics, parser
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_strictly

from cmk_check.core.enums import CoverageState, PostureReason, Reason, ScanState, Trigger, Verdict
from cmk_check.core.model import AccountCounts, VerdictCounts
from cmk_check.core.status import LastScan, Status, Summary
from tests.fakes.hostile import NAMES
from tests.unit.web.api_kit import LAB, NOON, Served, coverage, status_of
from tests.unit.web.asgi_client import Answer, send

METRICS = "/api/v1/metrics"
OPENMETRICS = openmetrics.exposition.CONTENT_TYPE_LATEST
TEXT = "text/plain; version=0.0.4; charset=utf-8"
NEWER_TEXT = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"
UNDERSCORED = f"{OPENMETRICS}; escaping=underscores"
# What Prometheus 2.53 and 3.5 send.
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;"
    "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
    "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def _families_of(answer: Answer) -> dict[str, Metric]:
    """Parse a response as a consumer of its content type does."""
    assert answer.status == 200, answer
    strictly = answer.headers["content-type"].startswith("application/openmetrics-text")
    parse = parse_strictly if strictly else parser.text_string_to_metric_families
    families = list(parse(answer.body.decode()))
    assert all(family.name.startswith("cmkcheck_") for family in families)
    return {family.name.removeprefix("cmkcheck_"): family for family in families}


async def _scrape(served: Served, accept: str = OPENMETRICS) -> dict[str, Metric]:
    return _families_of(await send(served.app(), METRICS, {"accept": accept}))


def _samples(family: Metric) -> dict[str, float]:
    """Return the samples of a family by the values of their labels."""
    return {"/".join(each.labels.values()): each.value for each in family.samples}


async def _values(served: Served, name: str) -> dict[str, float]:
    family = (await _scrape(served)).get(name)
    return _samples(family) if family else {}


def _nonzero(family: Metric) -> dict[str, float]:
    return {name: value for name, value in _samples(family).items() if value}


async def test_what_is_not_there_is_a_zero_where_an_alert_compares(empty: Served) -> None:
    """A series that comes and goes cannot be compared with its value an hour ago."""
    counts = AccountCounts({"openai": VerdictCounts(non_compliant=2)}, {"key_not_named": 2})
    await empty.put_status(status_of(coverage(accounts=counts)))

    accounts = await _values(empty, "accounts")
    reasons = await _values(empty, "accounts_by_reason")
    subscriptions = await _values(empty, "subscriptions")

    assert accounts == {
        f"{kind}/{verdict}": 2 if (kind, verdict) == ("openai", Verdict.NON_COMPLIANT) else 0
        for kind in ("AIServices", "openai")
        for verdict in Verdict
    }
    assert reasons == {reason: 2 * (reason is Reason.KEY_NOT_NAMED) for reason in Reason}
    assert subscriptions == {"read": 1, "gap": 0, "excluded": 0, "retired": 0}


async def test_before_the_first_scan_nothing_is_claimed(empty: Served) -> None:
    """An age of zero would mean perfectly fresh data."""
    families = await _scrape(empty)

    assert _nonzero(families["posture"]) == {"unknown": 1}
    reasons = _samples(families["posture_reason"])
    assert reasons == {reason: reason is PostureReason.NO_SCAN_YET for reason in PostureReason}
    assert _samples(families["fresh"]) == {"": 0}
    assert set(_samples(families["accounts"]).values()) == {0}
    assert not [name for name in families if "as_of" in name or "last_scan" in name]


@pytest.mark.parametrize("minutes", [-90, 0, 200])
@pytest.mark.parametrize("state", CoverageState)
async def test_p1_the_posture_is_the_one_that_the_status_answers(
    empty: Served, minutes: int, state: CoverageState
) -> None:
    """P1: metrics and status must agree."""
    row = coverage(state)
    await empty.put_status(status_of(row))
    empty.clock.time += timedelta(minutes=minutes)
    status = (await send(empty.app(), "/api/v1/status")).json

    families = await _scrape(empty)

    assert _nonzero(families["posture"]) == {status["posture"]: 1}
    codes = {reason["code"] for reason in status["reasons"]}
    assert set(_nonzero(families["posture_reason"])) == codes
    assert _samples(families["fresh"]) == {"": status["fresh"]}
    assert _samples(families["subscriptions"]) == {
        name: number for name, number in status["subscriptions"].items() if name != "total"
    }


@pytest.mark.parametrize(
    ("state", "took", "seconds"),
    [
        (ScanState.COMPLETE, timedelta(hours=1), {"": 3600}),
        (ScanState.INCOMPLETE, timedelta(hours=1), {"": 3600}),
        # Zero would be the fastest scan ever.
        (ScanState.FAILED, None, {}),
    ],
)
async def test_the_last_scan_shows_its_result_and_how_long_it_took(
    empty: Served, state: ScanState, took: timedelta | None, seconds: dict[str, float]
) -> None:
    """Scans that fail leave the age growing; why is the first question."""
    ended = NOON + took if took else None
    scan = LastScan("20261125T120000Z-3fa9", state, Trigger.TIMER, NOON, ended)
    await empty.put_status(Status(last_scan=scan))

    result = await _values(empty, "last_scan_result")

    assert result == {"complete": 0, "incomplete": 0, "failed": 0, state: 1}
    assert await _values(empty, "last_scan_duration_seconds") == seconds


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (PROMETHEUS_2, UNDERSCORED),
        (PROMETHEUS_3, f"{OPENMETRICS}; escaping=allow-utf-8"),
        ("application/openmetrics-text", OPENMETRICS),
        ("text/html, application/openmetrics-text ; version = 1.0.0", OPENMETRICS),
        ("text/plain;version=1.0.0", NEWER_TEXT),
        ("*/*", TEXT),
        ("", TEXT),
        # What nobody here can write is not announced, and fails nothing.
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/openmetrics-text;version=2.0.0,text/plain;version=1.0.0", NEWER_TEXT),
        ("application/openmetrics-text;version=one", TEXT),
        ('application/openmetrics-text;version="1.0.0"', TEXT),
        ("text/plain;version=\u00e9", TEXT),
    ],
)
async def test_the_format_is_the_best_that_is_asked_for(
    served: Served, accept: str, content_type: str
) -> None:
    """A scraper parses by the content type alone."""
    answer = await send(served.app(), METRICS, {"accept": accept})

    assert answer.headers["content-type"] == content_type
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(_families_of(answer)) == 18


@settings(max_examples=50)
@given(
    accept=st.text(st.characters(codec="ascii"), max_size=60)
    | st.from_regex(
        r"(application/openmetrics-text|text/plain)( ?; ?(version|escaping|q)=[\w.\"-]*){0,3},?.*"
    )
)
async def test_no_accept_header_fails_a_scrape(accept: str) -> None:
    """A proxy in between may send its own."""
    answer = await send(Served().app(), METRICS, {"accept": accept})

    written = answer.headers["content-type"].partition("; escaping=")[0]
    assert written in {TEXT, NEWER_TEXT.partition("; escaping=")[0], OPENMETRICS}
    assert _families_of(answer)


@pytest.mark.parametrize("accept", [TEXT, NEWER_TEXT])
async def test_both_formats_say_the_same(served: Served, accept: str) -> None:
    """The requested format depends on Prometheus' version and configuration."""
    other, strict = [
        [
            sample[:3]
            for family in (await _scrape(served, each)).values()
            for sample in family.samples
        ]
        for each in (accept, OPENMETRICS)
    ]

    assert other == strict


HOSTILE = [*NAMES, 'a"b\\c\nd', "} 1\ncmkcheck_posture 1\n#", "# EOF", "\r\x00", "\\", "\\n", ""]


@pytest.mark.parametrize("accept", [OPENMETRICS, TEXT])
@settings(max_examples=30)
@given(kinds=st.lists(st.sampled_from(HOSTILE) | st.text(max_size=40), max_size=6, unique=True))
async def test_p10_kinds_are_text_whatever_they_hold(accept: str, kinds: list[str]) -> None:
    """P10: Azure can send any kind; it must not close its quotes and add a series."""
    counts = AccountCounts(
        {kind: VerdictCounts(1, 2, 3) for kind in kinds},
        dict.fromkeys(kinds, 4),
        dict.fromkeys(kinds, 5),
    )
    served = Served()
    status = status_of(coverage(CoverageState.READ, LAB))
    await served.put_status(replace(status, summary=Summary(counts, status.summary.subscriptions)))
    stored = await served.scans.status()
    kept = stored.value.summary.accounts

    families = await _scrape(served, accept)

    assert (_samples(families["accounts_ignored"]) if kinds else {}) == kept.ignored_by_kind
    shown = {sample.labels["kind"] for sample in families["accounts"].samples if sample.value}
    assert shown == set(kept.by_kind)
    assert len(families) == 18
