"""The status: the one answer that dashboards live on."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cmk_check.core.enums import CoverageState, GapReason, PostureReason, ScanState, Trigger
from cmk_check.core.gap import Gap
from cmk_check.core.posture import Expectations
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.status import KnownGap, Status, SubscriptionCounts, Summary
from cmk_check.ports import Replace, Table
from cmk_check.store import codec, table_keys
from cmk_check.store.scan_rows import Scan
from cmk_check.store.scans import scan_id_of
from tests.unit.web.api_kit import (
    EARLIER,
    LAB,
    MAX_AGE,
    NOON,
    PRODUCTION,
    TENANT,
    Served,
    coverage,
    status_of,
)
from tests.unit.web.asgi_client import send

STATUS = "/api/v1/status"
EXPECTED = {
    "posture": "non_compliant",
    "reasons": [
        {
            "code": "accounts_non_compliant",
            "message": POSTURE_REASONS[PostureReason.ACCOUNTS_NON_COMPLIANT].text("1 of 4"),
        },
        {
            "code": "accounts_unknown",
            "message": POSTURE_REASONS[PostureReason.ACCOUNTS_UNKNOWN].text("1 of 4"),
        },
        {
            "code": "subscriptions_unread",
            "message": POSTURE_REASONS[PostureReason.SUBSCRIPTIONS_UNREAD].text("1 of 2"),
        },
    ],
    "asOf": "2026-11-25T12:00:00Z",
    "freshUntil": "2026-11-25T15:00:00Z",
    "fresh": True,
    "accounts": {
        "total": 4,
        "compliant": 2,
        "nonCompliant": 1,
        "unknown": 1,
        "unread": 1,
        "excepted": 0,
        "overdue": 0,
        "byKind": {
            "AIServices": {"compliant": 1, "nonCompliant": 0, "unknown": 0},
            "OpenAI": {"compliant": 1, "nonCompliant": 1, "unknown": 0},
            "unknown": {"compliant": 0, "nonCompliant": 0, "unknown": 1},
        },
        "ignoredByKind": {"SpeechServices": 3},
    },
    "keys": {"healthy": 0, "atRisk": 0, "broken": 0, "unknown": 2},
    "dataStores": None,
    "azurePolicy": {"notAssessed": 1, "differs": 1},
    "subscriptions": {"total": 2, "read": 1, "gap": 1, "excluded": 0, "retired": 0},
    "managementGroup": None,
    "gaps": [
        {
            "subscriptionId": LAB,
            "name": "Lab",
            "reason": "forbidden",
            "missingAction": "Microsoft.CognitiveServices/accounts/read",
            "detail": "Grant it.",
            "since": "2026-11-22T12:00:00Z",
        }
    ],
    "gapsOmitted": 0,
    "lastScan": {
        "id": "20261125T120000Z-3fa9",
        "state": "incomplete",
        "trigger": "timer",
        "startedAt": "2026-11-25T12:00:00Z",
        "finishedAt": "2026-11-25T12:00:09Z",
        "reason": None,
        "overdue": False,
    },
    "watch": None,
}


async def test_the_status_has_the_contracts_fields_in_the_contracts_order(served: Served) -> None:
    """Dashboards are built on it, and people read it in a terminal."""
    answer = await send(served.app(), STATUS)

    assert answer.status == 200
    assert answer.body.decode() == json.dumps(EXPECTED, separators=(",", ":"))


async def test_the_status_costs_one_point_read(served: Served) -> None:
    """A wall of dashboards that polls must not cost a scan of the table."""
    served.store.log.clear()

    await send(served.app(), STATUS)

    assert [operation.name for operation in served.store.log] == ["get"]


async def test_before_the_first_scan_the_answer_is_unknown_and_no_error(empty: Served) -> None:
    """A fresh deployment is neither broken nor compliant."""
    answer = await send(empty.app(), STATUS)

    assert answer.status == 200
    assert answer.json["posture"] == "unknown"
    assert [reason["code"] for reason in answer.json["reasons"]] == ["no_scan_yet"]
    assert [answer.json[name] for name in ["asOf", "freshUntil", "fresh"]] == [None, None, False]
    assert answer.json["accounts"]["total"] == answer.json["subscriptions"]["total"] == 0
    assert answer.json["lastScan"] is None


async def test_p1_a_stale_compliant_estate_turns_unknown_by_itself(empty: Served) -> None:
    """When scans stop, nobody writes anything any more: the age must tell."""
    await empty.put_status(status_of(coverage()))
    app = empty.app()
    before = await send(app, STATUS)

    empty.clock.time = NOON + MAX_AGE + timedelta(seconds=1)
    after = await send(app, STATUS)

    assert (before.json["posture"], before.json["fresh"]) == ("compliant", True)
    assert (after.json["posture"], after.json["fresh"]) == ("unknown", False)


async def test_a_status_of_a_newer_version_says_which_one_is_needed(served: Served) -> None:
    """After a rollback no time ends it, so nobody is asked to wait; and no row is named."""
    row = await served.store.get(Table.SCANS, "scan", "status")
    assert row is not None
    values = {**row.values, "schema": 99, "writtenBy": "0.9.0"}
    await served.store.commit(Table.SCANS, "scan", [Replace(row.row, values, row.etag)])

    answer = await send(served.app(), STATUS)

    assert (answer.status, answer.error) == (503, ("NewerVersionNeeded", None))
    assert answer.json["error"]["message"] == (
        "A newer version of cmk_check (0.9.0) scans with this storage: deploy that version again."
    )
    assert "retry-after" not in answer.headers


async def test_nothing_in_the_status_ticks(served: Served) -> None:
    """Else no caller ever gets a 304."""
    app = served.app()
    first = await send(app, STATUS)

    served.clock.time += timedelta(minutes=5)
    second = await send(app, STATUS)

    assert first.body == second.body
    assert first.headers["etag"] == second.headers["etag"]


@pytest.mark.parametrize("form", ["{0}", "W/{0}", '"other", {0}', '"other" ,W/{0}', "*"])
async def test_whoever_has_the_answer_gets_304(served: Served, form: str) -> None:
    """Every form of If-None-Match that RFC 9110 knows."""
    app = served.app()
    etag = (await send(app, STATUS)).headers["etag"]

    answer = await send(app, STATUS, {"if-none-match": form.format(etag)})

    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)


async def test_the_etag_is_a_strong_one_and_legal(served: Served) -> None:
    """The row's own holds quotes, colons and a weakness mark."""
    answer = await send(served.app(), STATUS)

    assert answer.headers["etag"].strip('"').isalnum()
    assert answer.headers["etag"] == f'"{answer.headers["etag"].strip(chr(34))}"'


async def test_the_etag_changes_with_the_row_freshness_and_settings(served: Served) -> None:
    """A 304 for an answer that is another by now would hide it."""
    app = served.app()
    etags = [(await send(app, STATUS)).headers["etag"]]
    etags.append((await send(served.app(expect=Expectations(MAX_AGE, 9)), STATUS)).headers["etag"])
    served.clock.time += MAX_AGE + timedelta(seconds=1)
    etags.append((await send(app, STATUS)).headers["etag"])
    stored = await served.scans.status()
    await served.put_status(stored.value)
    etags.append((await send(app, STATUS)).headers["etag"])

    assert len(set(etags)) == 4


async def test_another_etag_gets_the_whole_answer(served: Served) -> None:
    """It changed since."""
    answer = await send(served.app(), STATUS, {"if-none-match": '"other"'})

    assert answer.status == 200


async def test_fifty_gaps_are_shown_and_the_rest_is_counted(empty: Served) -> None:
    """The status stays small, however many subscriptions are out of reach."""
    gap = Gap(GapReason.FORBIDDEN)
    gaps = tuple(KnownGap(f"{LAB[:-2]}{n:02}", "Lab", gap, EARLIER) for n in range(50))
    summary = Summary(subscriptions=SubscriptionCounts(gap=53), gaps=gaps, gaps_omitted=3)
    await empty.put_status(Status(NOON, summary, 53))

    answer = await send(empty.app(), STATUS)

    assert (len(answer.json["gaps"]), answer.json["gapsOmitted"]) == (50, 3)


async def test_one_subscription_has_the_same_shape_and_its_own_numbers(served: Served) -> None:
    """A team looks at its own subscription with the dashboard of the estate."""
    app = served.app()
    whole = await send(app, STATUS)

    answer = await send(app, f"{STATUS}?subscription={PRODUCTION.upper()}")

    assert list(answer.json) == list(whole.json)
    assert answer.json["posture"] == "non_compliant"
    assert answer.json["accounts"]["total"] == 3
    assert answer.json["subscriptions"] == {
        "total": 1,
        "read": 1,
        "gap": 0,
        "excluded": 0,
        "retired": 0,
    }
    assert answer.json["gaps"] == []
    assert answer.json["lastScan"] == whole.json["lastScan"]
    assert answer.headers["etag"] != whole.headers["etag"]


async def test_a_subscription_with_a_gap_shows_it(served: Served) -> None:
    """Its compliant account was read days ago: that is no answer for today."""
    answer = await send(served.app(), f"{STATUS}?subscription={LAB}")

    assert answer.json["posture"] == "unknown"
    assert [gap["reason"] for gap in answer.json["gaps"]] == ["forbidden"]
    assert answer.json["accounts"]["unread"] == 1


@pytest.mark.parametrize("state", CoverageState)
async def test_a_subscription_counts_once_in_every_state(
    empty: Served, state: CoverageState
) -> None:
    """A pending one counts as nothing yet."""
    row = replace(coverage(state), gap=None)
    await empty.put(row)
    await empty.put_status(status_of(row))

    answer = await send(empty.app(), f"{STATUS}?subscription={PRODUCTION}")

    counts, total = answer.json["subscriptions"], int(state is not CoverageState.PENDING)
    assert counts.get(state.value, 0) == counts["total"] == total
    assert len(answer.json["gaps"]) == answer.json["subscriptions"]["gap"]


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
    scan = Scan(scan_id_of(started, "a"), 2, Trigger.REQUEST, started, ScanState.COMPLETE)
    scan = replace(scan, named=named, summary=summary)
    await empty.scans.commit(scans=[(scan, None)])

    one = await send(empty.app(), f"{STATUS}?subscription={PRODUCTION}")
    whole = await send(empty.app(), STATUS)

    assert one.json["asOf"] == f"2026-11-25T12:{minutes:02}:00Z"
    assert whole.json["asOf"] == "2026-11-25T12:00:00Z"


async def test_a_subscription_costs_one_point_read_and_a_query_more(served: Served) -> None:
    """It must not read the subscription's findings, only the scans since the last full one."""
    served.store.log.clear()

    await send(served.app(), f"{STATUS}?subscription={PRODUCTION}")

    assert [operation.name for operation in served.store.log] == ["get", "get", "query"]


async def test_a_subscription_never_seen_is_not_found(served: Served) -> None:
    """An empty answer would say that it has no accounts."""
    answer = await send(served.app(), f"{STATUS}?subscription={TENANT}")

    assert (answer.status, answer.error) == (404, ("NotFound", "subscription"))


@pytest.mark.parametrize("value", ["", "lab", f"{LAB}%0A", f"{LAB}0", "' or 1 eq 1"])
async def test_what_is_no_subscription_id_is_refused(served: Served, value: str) -> None:
    """A typing error must not look like an empty subscription."""
    answer = await send(served.app(), f"{STATUS}?subscription={value}")

    assert (answer.status, answer.error) == (400, ("InvalidParameter", "subscription"))


async def test_p1_a_stale_compliant_subscription_turns_unknown_by_itself(empty: Served) -> None:
    """As the estate does: a team that looks at its own part must not see an old green."""
    await empty.put(coverage())
    await empty.put_status(status_of(coverage()))
    app, target = empty.app(), f"{STATUS}?subscription={PRODUCTION}"
    before = await send(app, target)

    empty.clock.time = NOON + MAX_AGE + timedelta(seconds=1)
    after = await send(app, target, {"if-none-match": before.headers["etag"]})

    assert (before.json["posture"], before.json["fresh"]) == ("compliant", True)
    assert (after.status, after.json["posture"], after.json["fresh"]) == (200, "unknown", False)


async def test_p1_a_subscription_that_is_read_no_more_is_no_304(empty: Served) -> None:
    """Its own row changes while that of the status may stand still."""
    await empty.put(coverage())
    await empty.put_status(status_of(coverage()))
    app, target = empty.app(), f"{STATUS}?subscription={PRODUCTION}"
    etag = (await send(app, target)).headers["etag"]
    same = await send(app, target, {"if-none-match": etag})
    entity = await empty.store.get(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE)
    assert entity
    lost = codec.coverage_values(coverage(CoverageState.GAP))
    await empty.store.commit(
        Table.FINDINGS, PRODUCTION, [Replace(table_keys.COVERAGE, lost, entity.etag)]
    )

    changed = await send(app, target, {"if-none-match": etag})

    assert (same.status, same.body, same.headers["etag"]) == (304, b"", etag)
    assert (changed.status, changed.json["posture"]) == (200, "unknown")


@pytest.mark.parametrize("broken", [{"schema": 99}, {"since": "soon"}, {"accounts": "{"}])
async def test_p1_a_subscription_whose_row_cannot_be_trusted_is_unknown(
    served: Served, broken: dict[str, str | int]
) -> None:
    """One row of no use is that subscription's gap, and no trouble of the storage."""
    entity = await served.store.get(Table.FINDINGS, PRODUCTION, table_keys.COVERAGE)
    assert entity
    write = Replace(table_keys.COVERAGE, dict(entity.values) | broken, entity.etag)
    await served.store.commit(Table.FINDINGS, PRODUCTION, [write])

    answer = await send(served.app(), f"{STATUS}?subscription={PRODUCTION}")

    assert (answer.status, answer.json["posture"], answer.json["fresh"]) == (200, "unknown", False)
    assert [reason["code"] for reason in answer.json["reasons"]] == ["subscriptions_unread"]
    (gap,) = answer.json["gaps"]
    assert (gap["reason"], gap["since"], answer.json["asOf"]) == ("slice_failed", None, None)
    assert gap["detail"]
