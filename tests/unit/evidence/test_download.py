"""The download: what is exported together was true together."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from cmk_check.core.enums import ChangeType, PostureVerdict, ScanState, Verdict, WatchState
from cmk_check.core.watch_state import Watch
from cmk_check.evidence.api_client import ApiUnusable
from cmk_check.evidence.download import Progress
from cmk_check.limits import EVIDENCE_PAUSE_SECONDS, EVIDENCE_TRIES
from cmk_check.store.change_feed import FeedTable
from tests.fakes.hostile import changes_of_every_kind
from tests.unit.evidence.export_kit import AppApi, Pauses, all_sorts, downloaded, estate, put_scan
from tests.unit.web.api_kit import LAB, NOON, Served, coverage, finding

MINUTE = timedelta(minutes=1)


def _at_first(route: str, served: Served, act: Callable[[], Awaitable[object]]) -> AppApi:
    """Return an API on which something happens just before the first request for a route."""
    api = AppApi(served)

    acts = iter([act])

    async def before(asked: str) -> None:
        if asked == route:
            for each in acts:
                await each()

    api.before = before
    return api


async def test_every_list_is_read_to_its_end(tmp_path: Path) -> None:
    """A page that is taken for the whole list is evidence that leaves accounts out."""
    served = await estate(all_sorts(), gap=True)
    await FeedTable(served.store).publish(changes_of_every_kind("chat"))
    await put_scan(served, 1)

    evidence = await downloaded(AppApi(served, top=1), tmp_path)

    assert {each.name for each in evidence.findings()} == {each.id.name for each in all_sorts()}
    assert {each.subscription_id for each in evidence.subscriptions()} >= {LAB}
    assert [scan.started_at for scan in evidence.scans()] == [NOON + MINUTE, NOON]
    assert [change.type for change in evidence.changes()] == list(ChangeType)
    assert evidence.remarks == ()


async def test_a_scan_meanwhile_starts_the_download_again(tmp_path: Path) -> None:
    """Otherwise the findings would be those of one scan, and the counts those of another."""
    served = await estate(all_sorts())
    pauses = Pauses()

    async def scan() -> None:
        await served.put(coverage(subscription_id=LAB), [])
        await put_scan(served, 1)

    api = _at_first("subscriptions", served, scan)

    evidence = await downloaded(api, tmp_path, pauses)

    assert pauses.seconds == [EVIDENCE_PAUSE_SECONDS]
    assert len(list(evidence.subscriptions())) == 2
    assert len(list(evidence.scans())) == 2


async def _delete_changes(_: Served) -> None:
    """Between two pages: the next try has all that is left."""
    raise ApiUnusable("409", "ResyncRequired")


async def _write_status(served: Served) -> None:
    status = (await served.scans.status()).value
    await served.put_status(replace(status, as_of=NOON - MINUTE))


async def _look(served: Served) -> None:
    """The watch looks every two minutes: a download that takes longer would never end."""
    await served.put_watch(Watch(since=NOON, last_look=NOON, state=WatchState.SEEING))


@pytest.mark.parametrize(("act", "tries"), [(_delete_changes, 2), (_write_status, 2), (_look, 1)])
async def test_what_changes_meanwhile_starts_it_again_but_for_a_look_of_the_watch(
    tmp_path: Path, act: Callable[[Served], Awaitable[None]], tries: int
) -> None:
    """Each try reads all lists anew."""
    served = await estate(all_sorts())
    api = _at_first("changes", served, partial(act, served))

    await downloaded(api, tmp_path)

    assert api.asked.count("findings") == tries


async def test_another_failure_ends_it_at_once(tmp_path: Path) -> None:
    """With its own message, and no further try."""
    failures = iter([ApiUnusable("503", "StorageUnavailable")])

    async def fail() -> None:
        raise next(failures)

    with pytest.raises(ApiUnusable, match="503"):
        await downloaded(_at_first("changes", await estate([]), fail), tmp_path)


async def test_an_estate_that_never_rests_is_refused(tmp_path: Path) -> None:
    """With a clear end, after a known number of tries."""
    served = await estate(all_sorts())
    api = AppApi(served)

    async def before(route: str) -> None:
        if route == "subscriptions":
            await put_scan(served, len(api.asked))

    api.before = before

    with pytest.raises(ApiUnusable, match="try again when no scan is running"):
        await downloaded(api, tmp_path)

    assert api.asked.count("subscriptions") == EVIDENCE_TRIES


async def test_a_scan_that_runs_all_the_time_is_said(tmp_path: Path) -> None:
    """Its findings may be newer than the counts, which nobody could see in the files."""
    served = await estate(all_sorts())
    await put_scan(served, 1, ScanState.RUNNING)
    api = AppApi(served)

    evidence = await downloaded(api, tmp_path)

    assert evidence.remarks == (
        "A scan was running during the export: some findings may be newer than the counts.",
    )
    assert not evidence.doubtful
    assert api.asked.count("findings") == EVIDENCE_TRIES


@pytest.mark.parametrize(
    ("verdict", "counted", "posture"),
    [
        (Verdict.COMPLIANT, 0, PostureVerdict.UNKNOWN),
        (Verdict.NON_COMPLIANT, 1, PostureVerdict.NON_COMPLIANT),
    ],
)
async def test_counts_that_do_not_fit_the_findings_are_said(
    tmp_path: Path, verdict: Verdict, counted: int, posture: PostureVerdict
) -> None:
    """No control may count as satisfied then, and a violation must stay one."""
    served = await estate([finding("first", verdict)])
    await served.put(coverage(subscription_id=LAB), [finding("more", subscription_id=LAB)])

    evidence = await downloaded(AppApi(served), tmp_path)

    said = f"counts {counted} accounts as non_compliant, but {counted + 1} were listed."
    assert evidence.remarks == (f"The status {said}",)
    assert (evidence.doubtful, evidence.posture) == (True, posture)


async def test_a_period_begins_when_the_app_has_kept_all_of_it(tmp_path: Path) -> None:
    """What was deleted is no sign that nothing changed."""
    evidence = await downloaded(AppApi(await estate(all_sorts())), tmp_path)

    later = evidence.for_period(NOON + timedelta(days=1))
    earlier = evidence.for_period(NOON - timedelta(days=365))

    assert (later.since, later.remarks) == (NOON + timedelta(days=1), ())
    assert earlier.since == NOON
    (remark,) = earlier.remarks
    assert remark == (
        "The app has nothing from before 2026-11-25T12:00:00Z: the period begins then, and not "
        "at 2025-11-25T12:00:00Z."
    )
    assert evidence.for_period(None) == evidence


async def test_before_the_first_scan_there_is_no_evidence(tmp_path: Path) -> None:
    """An empty folder with a signature would look like an estate without accounts."""
    with pytest.raises(ApiUnusable, match="No scan has finished yet"):
        await downloaded(AppApi(Served()), tmp_path)


async def test_an_answer_of_a_newer_app_is_refused(tmp_path: Path) -> None:
    """A verdict that this program does not know would be left out of its files."""
    served = await estate([])
    api = AppApi(served)
    get = api.get

    async def newer(*args: object, **options: object) -> object:
        answer = await get(*args, **options)  # type: ignore[arg-type]
        body = answer.body.replace(b'"state":"complete"', b'"state":"shiny"')
        return answer._replace(body=body)

    api.get = newer  # type: ignore[method-assign,assignment]

    with pytest.raises(ApiUnusable, match="does not fit this version"):
        await downloaded(api, tmp_path)


def test_the_progress_says_how_far_and_which_try() -> None:
    """A bar that begins again without a word looks like a fault."""
    assert Progress().numbers() == "reading the status"
    assert Progress(50_001, 29_000, 1_200, attempt=2).numbers() == (
        "29,000/50,001 findings and subscriptions, 1,200 changes, try 2 of 5"
    )
