"""The status, on which dashboards depend."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.enums import CoverageState, PostureReason, ScanState, Trigger, WatchState
from cmk_check.core.posture import Expectations
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.status import SubscriptionCounts, Summary, Unpublished
from cmk_check.core.watch_state import Watch
from cmk_check.ports import Insert, Table
from cmk_check.store import codec, table_keys
from cmk_check.store.scan_rows import Scan
from cmk_check.store.scans import build_scan_id
from tests.fakes import earlier_build
from tests.unit.web.api_kit import LAB, MAX_AGE, NOON, PRODUCTION, Served, coverage, status_of
from tests.unit.web.asgi_client import send

STATUS = "/api/v1/status"
OF_ONE = f"{STATUS}?subscription={PRODUCTION}"


def _reason(code: PostureReason, number: str) -> dict[str, str]:
    return {"code": code, "message": POSTURE_REASONS[code].text(number)}


@pytest.mark.parametrize(
    ("target", "reads"),
    [
        (STATUS, ["get"]),
        ("/api/v1/metrics", ["get"]),
        (OF_ONE, ["get", "get", "query"]),
        ("/api/v1/subscriptions", ["get", "query"]),
    ],
)
async def test_the_status_costs_a_point_read_and_never_a_walk(
    served: Served, target: str, reads: list[str]
) -> None:
    """A wall of dashboards polls; one subscription needs the scans since the last full one."""
    served.store.log.clear()

    await send(served.app(), target)

    assert [operation.name for operation in served.store.log] == reads


@pytest.mark.parametrize("target", [STATUS, OF_ONE])
async def test_p1_a_stale_compliant_answer_turns_unknown_by_itself(
    empty: Served, target: str
) -> None:
    """If scans stop, no row changes: the age must reveal it, and a 304 must not hide it."""
    await empty.put(coverage())
    await empty.put_status(status_of(coverage()))
    app = empty.app()
    before = await send(app, target)

    empty.clock.time = NOON + MAX_AGE + timedelta(seconds=1)
    after = await send(app, target, {"if-none-match": before.headers["etag"]})

    assert (before.json["posture"], before.json["fresh"]) == ("compliant", True)
    assert (after.status, after.json["posture"], after.json["fresh"]) == (200, "unknown", False)


async def test_p1_over_rows_of_an_earlier_build_the_status_is_unknown_and_says_what_to_delete(
    empty: Served,
) -> None:
    """The recorded status is compliant; whoever looks must see that nothing is known."""
    await earlier_build.put(empty.store)
    empty.watched = True
    reason = POSTURE_REASONS[PostureReason.EARLIER_BUILD].text()

    status = await send(empty.app(), STATUS)
    metrics = await send(empty.app(), "/api/v1/metrics")
    others = [
        await send(empty.app(), target)
        for target in (
            f"{STATUS}?subscription={earlier_build.ROWS[0][1]}",
            *(f"/api/v1/{name}" for name in ("findings", "subscriptions", "changes", "scans")),
            *(f"/api/v1/{name}" for name in ("findings?verdict=non_compliant", "keys", "owners")),
        )
    ]

    assert (status.status, status.json["posture"], status.json["asOf"]) == (200, "unknown", None)
    assert status.json["reasons"][0] == {"code": "earlier_build", "message": reason}
    assert "Delete the tables cmkfindings, cmkchanges and cmkscans." in reason
    assert 'cmkcheck_posture{cmkcheck_posture="unknown"} 1' in metrics.body.decode()
    for answer in others:
        assert (answer.status, answer.error) == (503, ("EarlierBuild", None))
        assert answer.json["error"]["message"] == reason
        assert "retry-after" not in answer.headers


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("{0}", 304),
        ("W/{0}", 304),
        ('"other", {0}', 304),
        ('"other" ,W/{0}', 304),
        ("*", 304),
        ('"other"', 200),
    ],
)
async def test_whoever_has_the_answer_gets_304(served: Served, form: str, status: int) -> None:
    """Every form of If-None-Match in RFC 9110; the tag is strong and valid."""
    app = served.app()
    etag = (await send(app, STATUS)).headers["etag"]

    answer = await send(app, STATUS, {"if-none-match": form.format(etag)})

    assert etag[1:-1].isalnum()
    assert etag == f'"{etag[1:-1]}"'
    assert (answer.status, answer.headers["etag"]) == (status, etag)
    assert bool(answer.body) == (status == 200)


async def test_the_etag_changes_with_the_row_freshness_and_settings_and_nothing_ticks(
    served: Served,
) -> None:
    """A 304 would hide a response that has changed; with a tag that ticks there is never one."""

    async def etag(expect: Expectations | None = None) -> str:
        return (await send(served.app(expect=expect), STATUS)).headers["etag"]

    first, of_others = await etag(), await etag(Expectations(MAX_AGE * 2))
    served.clock.time += timedelta(minutes=5)
    later = await etag()
    served.clock.time += MAX_AGE
    stale = await etag()
    await served.put_status((await served.scans.status()).value)
    written = await etag()

    assert first == later
    assert len({first, of_others, stale, written}) == 4


async def test_one_subscription_has_the_same_shape_and_its_own_numbers(served: Served) -> None:
    """A team looks at its own subscription with the dashboard of the estate."""
    app = served.app()
    whole = await send(app, STATUS)

    answer = await send(app, f"{STATUS}?subscription={PRODUCTION.upper()}")
    lab = (await send(app, f"{STATUS}?subscription={LAB}")).json

    assert list(answer.json) == list(whole.json)
    assert answer.json["posture"] == "non_compliant"
    assert answer.json["accounts"]["total"] == 3
    counts = {"total": 1, "read": 1, "gap": 0, "excluded": 0, "retired": 0}
    assert (answer.json["subscriptions"], answer.json["gaps"]) == (counts, [])
    assert answer.json["lastScan"] == whole.json["lastScan"]
    assert answer.headers["etag"] != whole.headers["etag"]
    # Its compliant account was read days ago: that is no answer for today.
    assert (lab["posture"], lab["accounts"]["unread"]) == ("unknown", 1)
    assert lab["gaps"] == whole.json["gaps"]


@pytest.mark.parametrize(
    ("named", "unwritten", "minutes"),
    [((PRODUCTION,), 0, 20), ((LAB,), 0, 0), ((PRODUCTION,), 1, 0), ((), 0, 0)],
)
async def test_a_subscription_is_as_new_as_the_last_scan_that_recorded_it(
    empty: Served, named: tuple[str, ...], unwritten: int, minutes: int
) -> None:
    """A partial scan that finds nothing new writes its own row alone; the estate stays as it is."""
    row = coverage(CoverageState.READ)
    await empty.put(row)
    await empty.put_status(status_of(row))
    empty.clock.time = NOON + timedelta(minutes=30)
    started = NOON + timedelta(minutes=20)
    summary = Summary(subscriptions=SubscriptionCounts(read=1), unwritten=unwritten)
    scan = Scan(build_scan_id(started, "a"), 2, Trigger.REQUEST, started, ScanState.COMPLETE)
    await empty.scans.commit(scans=[(replace(scan, named=named, summary=summary), None)])

    one = await send(empty.app(), OF_ONE)
    whole = await send(empty.app(), STATUS)

    assert one.json["asOf"] == f"2026-11-25T12:{minutes:02}:00Z"
    assert whole.json["asOf"] == "2026-11-25T12:00:00Z"


async def test_p1_a_subscription_that_is_read_no_more_is_no_304(empty: Served) -> None:
    """Its own row changes, while the status row may stay the same."""
    await empty.put(coverage())
    await empty.put_status(status_of(coverage()))
    app = empty.app()
    etag = (await send(app, OF_ONE)).headers["etag"]
    same = await send(app, OF_ONE, {"if-none-match": etag})
    lost = codec.encode_coverage(coverage(CoverageState.GAP))
    await empty.change(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE, **lost)

    changed = await send(app, OF_ONE, {"if-none-match": etag})

    assert (same.status, same.body, same.headers["etag"]) == (304, b"", etag)
    assert (changed.status, changed.json["posture"]) == (200, "unknown")


async def test_changes_that_nobody_was_alerted_to_are_in_status_and_metrics(served: Served) -> None:
    """The posture stays as it is: what is wrong is that alerts are missing."""
    before = await send(served.app(), STATUS)
    status = (await served.scans.status()).value
    await served.put_status(replace(status, unpublished_of_scans=Unpublished(1)))
    undated = await send(served.app(), STATUS)
    await served.put_status(replace(status, unpublished_of_scans=Unpublished(3, NOON)))

    answer = await send(served.app(), STATUS)
    of_one = await send(served.app(), OF_ONE)
    metrics = (await send(served.app(), "/api/v1/metrics")).body.decode().splitlines()

    reason = _reason(PostureReason.CHANGES_UNPUBLISHED, "3, the oldest since 2026-11-25 12:00 UTC")
    shown = {"changes": 3, "since": "2026-11-25T12:00:00Z"}
    assert undated.json["unpublished"] == {"changes": 1, "since": None}
    assert of_one.json["unpublished"] == shown
    assert answer.json == before.json | {
        "reasons": [*before.json["reasons"], reason],
        "unpublished": shown,
    }
    assert "cmkcheck_changes_unpublished 3.0" in metrics
    assert any(line.startswith("cmkcheck_changes_unpublished_since_t") for line in metrics)


METRIC = b"cmkcheck_watch_last_look_timestamp_seconds"
BLIND = Watch(
    last_look=NOON, last_change=NOON - timedelta(hours=1), state=WatchState.BLIND, since=NOON
)


async def test_the_status_says_when_the_watch_looked_and_whether_it_sees(served: Served) -> None:
    """People who expect changes within minutes must see if it takes hours."""
    paths = (STATUS, OF_ONE, "/api/v1/metrics")
    served.watched = True
    before, of_one, metrics_before = [await send(served.app(), path) for path in paths]
    await served.put_watch(BLIND)

    after, of_one_after, metrics = [await send(served.app(), path) for path in paths]

    nothing = {"lastLook": None, "lastChange": None, "state": None}
    shown = {
        "lastLook": "2026-11-25T12:00:00Z",
        "lastChange": "2026-11-25T11:00:00Z",
        "state": "blind",
    }
    assert before.json["watch"] == of_one.json["watch"] == nothing
    assert after.json == before.json | {"watch": shown}
    assert of_one_after.json == of_one.json | {"watch": shown}
    assert METRIC not in metrics_before.body
    (value,) = [line.split()[1] for line in metrics.body.splitlines() if line.startswith(METRIC)]
    assert float(value) == NOON.timestamp()


@pytest.mark.parametrize(
    ("schema", "shown"), [(9, None), (4, dict.fromkeys(("lastLook", "lastChange", "state")))]
)
async def test_p7_a_row_of_the_watch_that_cannot_be_used_costs_itself(
    served: Served, schema: int, shown: dict[str, None] | None
) -> None:
    """P7: the posture does not depend on it."""
    row = Insert("state", {"schema": schema, "document0": "{"})
    await served.store.commit(Table.SCANS, "watch", [row])
    served.watched = True

    answer = await send(served.app(), STATUS)

    assert (answer.status, answer.json["watch"]) == (200, shown)
