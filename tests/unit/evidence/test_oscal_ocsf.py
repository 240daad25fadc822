"""The files for other tools: no answer in them is better than the status, and none is left out."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cmk_check.core.aspects import ASPECTS
from cmk_check.core.data_stores.account_data import AccountData
from cmk_check.core.due_date import DueDate
from cmk_check.core.enums import (
    CoverageState,
    DataState,
    KeyState,
    PostureReason,
    PostureVerdict,
    ReasonSeverity,
    Verdict,
)
from cmk_check.core.keys.key_health import KeyHealth
from cmk_check.core.model import Finding
from cmk_check.core.reasons.catalogue import POSTURE_REASONS
from cmk_check.core.status import UnwrittenGap
from cmk_check.core.watch_state import Watch
from cmk_check.evidence import ocsf, oscal
from cmk_check.evidence.bundle import pieces
from cmk_check.evidence.summary import Summary
from cmk_check.store.watch_table import WatchTable
from cmk_check.web.models import ReasonOfPosture
from tests.fakes.hostile import NAMES
from tests.unit.evidence.export_kit import (
    BROKEN,
    EXPOSED,
    HEALTHY,
    WAIVED,
    AppApi,
    all_sorts,
    downloaded,
    estate,
    events_of,
    exported,
    results_of,
)
from tests.unit.web.api_kit import EARLIER, LAB, NOON, PRODUCTION, coverage, finding

# Of the standard: a value on one line, and an id that OSCAL takes.
VALUE = re.compile(r"\S(.*\S)?")
TOKEN = re.compile(r"[^\W\d][\w.\-]*")
SAFE = finding("safe", Verdict.COMPLIANT)
ERRORS = [code for code, entry in POSTURE_REASONS.items() if entry.severity is ReasonSeverity.ERROR]


def _states(result: dict[str, Any]) -> set[str]:
    return {each["target"]["status"]["state"] for each in result["findings"]}


def _reasons(result: dict[str, Any]) -> set[str]:
    props = result["findings"][0]["props"]
    return {each["value"] for each in props if each["name"] == "reason"}


@pytest.mark.parametrize("code", ERRORS)
async def test_every_error_of_the_posture_is_a_risk(tmp_path: Path, code: PostureReason) -> None:
    """Whoever reads that no control is satisfied must find the risk, whatever the findings say."""
    served = await estate([finding("odd", Verdict.UNKNOWN)])
    evidence = await downloaded(AppApi(served), tmp_path / "lists")
    reasons = [ReasonOfPosture(code=code, message="It is so.")]
    of_error = {"reasons": reasons, "posture": PostureVerdict.NON_COMPLIANT}
    said = replace(evidence, status=evidence.status.model_copy(update=of_error))

    written = json.loads(b"".join(pieces(oscal.document(said, Summary.of(said)))))
    (result,) = written["assessment-results"]["results"]

    risks = {each["props"][0]["value"]: each for each in result["risks"]}
    assert risks.keys() == {"accounts_unknown", code}
    assert risks[code]["statement"] == oscal.markup(POSTURE_REASONS[code].message)
    (seen,) = risks[code]["related-observations"]
    assert seen == result["findings"][0]["related-observations"][0]


@pytest.mark.parametrize(
    ("findings", "gap", "state", "reason"),
    [
        ([SAFE], False, "satisfied", None),
        ([SAFE, finding("bare")], False, "not-satisfied", "accounts_non_compliant"),
        ([SAFE, finding("odd", Verdict.UNKNOWN)], False, "not-satisfied", "accounts_unknown"),
        ([SAFE], True, "not-satisfied", "subscriptions_unread"),
        (
            [replace(finding("waived"), exception=WAIVED)],
            False,
            "not-satisfied",
            "accounts_non_compliant",
        ),
    ],
    ids=["compliant", "violation", "unknown", "gap", "exception"],
)
async def test_a_control_is_satisfied_only_if_nothing_speaks_against_it(
    tmp_path: Path, findings: list[Finding], *, gap: bool, state: str, reason: str | None
) -> None:
    """OSCAL has no unknown: what is not known must not become satisfied."""
    result = results_of(await exported(await estate(findings, gap=gap), tmp_path))

    assert _states(result) == {state}
    assert reason is None or reason in _reasons(result)


async def test_accepted_violations_are_one_risk_and_no_other(tmp_path: Path) -> None:
    """An open risk beside it would say that nobody has accepted them."""
    served = await estate([replace(finding("waived"), exception=WAIVED)])

    result = results_of(await exported(served, tmp_path))

    assert [each["props"][0]["value"] for each in result["risks"]] == ["accounts_excepted"]


async def test_a_risk_ends_with_the_first_of_its_due_dates(tmp_path: Path) -> None:
    """The last one would give an account more time than it has."""
    first, later = NOON + timedelta(days=3), NOON + timedelta(days=9)
    due = {"a": later, "b": first, "c": later}
    found = [replace(finding(name), due=DueDate(NOON, at)) for name, at in due.items()]

    (risk,) = results_of(await exported(await estate(found), tmp_path))["risks"]

    assert datetime.fromisoformat(risk["deadline"]) == first


async def test_counts_that_do_not_fit_satisfy_nothing(tmp_path: Path) -> None:
    """The posture says compliant, and so do all findings: but one is missing."""
    served = await estate([SAFE])
    await served.put(
        coverage(subscription_id="5b1e0000-0000-0000-0000-000000000009"),
        [finding("new", Verdict.COMPLIANT, subscription_id="5b1e0000-0000-0000-0000-000000000009")],
    )

    result = results_of(await exported(served, tmp_path))

    assert _states(result) == {"not-satisfied"}
    assert "export_remarks" in _reasons(result)
    assert result["props"][0]["value"] == "unknown"
    assert 'class="result unknown"' in (tmp_path / "bundle" / "report.html").read_text()


async def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    """Also a day later: whoever compares two bundles sees what has changed.

    The watch looks every two minutes and finds nothing, which the status alone tells.
    """
    served = await estate(all_sorts(), gap=True)
    looks, table = [NOON, NOON + timedelta(minutes=2)], WatchTable(served.store)
    served.watched = True
    bundles = []
    for name, look in zip(("one", "other"), looks, strict=True):
        await table.write(Watch(last_look=look), await table.read())
        bundles.append(await exported(served, tmp_path, name))
        served.clock.time = NOON + timedelta(hours=2)

    one, other = ({path.name: path.read_bytes() for path in each.iterdir()} for each in bundles)
    assert one.pop("status.json") != other.pop("status.json")
    assert one == other


async def test_another_state_gives_other_ids_but_the_same_inventory(tmp_path: Path) -> None:
    """An observation is of one time, an account is the same one month after month."""
    one = results_of(await exported(await estate([SAFE]), tmp_path, "one"))
    other = results_of(await exported(await estate([SAFE], gap=True), tmp_path, "other"))

    items = [each["local-definitions"]["inventory-items"] for each in (one, other)]
    assert items[0] == items[1]
    seen = [{each["uuid"] for each in result["observations"]} for result in (one, other)]
    assert not seen[0] & seen[1]


def _of(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from [(name, member)] if isinstance(member, str) else _of(member)
    elif isinstance(value, list):
        for member in value:
            yield from _of(member)


@pytest.mark.parametrize("name", [*NAMES, " two\nlines "])
async def test_hostile_names_are_text(tmp_path: Path, name: str) -> None:
    """OSCAL's texts are Markdown, and its values have one line."""
    waived = replace(WAIVED, display_name=name, ticket=name, approved_by=name)
    odd = replace(finding(), tags={name: name}, exception=waived, location=name)
    result = results_of(await exported(await estate([odd], name=name, gap=True), tmp_path))

    for member, text in _of(result):
        if member in {"value", "uuid", "href"}:
            assert VALUE.fullmatch(text)
        if member in {"control-id", "target-id", "name"}:
            assert TOKEN.fullmatch(text)
        if member in {"title", "description", "remarks", "statement"} and text != name:
            assert not re.search(r"(?<!\\)[<>\[*_`]", text.replace("cmk_check", ""))


async def test_events_say_what_the_verdict_and_the_key_say(tmp_path: Path) -> None:
    """A SIEM alerts on these numbers. No exemption changes them, and only healthy keys pass."""
    safe = (finding(state.value, Verdict.COMPLIANT) for state in KeyState)
    keys = [replace(each, key_health=KeyHealth(KeyState(each.id.name))) for each in safe]
    events = events_of(await exported(await estate([*all_sorts(), *keys]), tmp_path))

    told = {name: event["compliance"]["status_id"] for name, event in events.items()}
    assert told == dict.fromkeys(KeyState, 2) | {
        **dict.fromkeys(("bare", "waived"), 3),
        "well": 1,
        "locked": 2,
        "healthy": 1,
        "odd": 0,
    }


async def test_p1_a_state_that_nobody_calls_well_does_not_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is it left out of the report, although it is new and not among the troubles yet."""
    for aspect in ASPECTS:
        monkeypatch.setattr(type(aspect), "troubles", {})
    safe = replace(SAFE, key_health=HEALTHY, data=AccountData(DataState.OWN_KEYS))
    exposed = AccountData(DataState.MAY_BE_MICROSOFT_KEYS)
    found = [
        safe,
        replace(safe, id=finding("locked").id, key_health=BROKEN),
        replace(safe, id=finding("elsewhere").id, data=exposed),
    ]

    bundle = await exported(await estate(found), tmp_path)

    told = {name: event["compliance"]["status_id"] for name, event in events_of(bundle).items()}
    assert told == {"safe": 1, "locked": 2, "elsewhere": 2}
    assert "elsewhere" in (bundle / "report.html").read_text()


@pytest.mark.parametrize("read", [NOON, None])
async def test_an_old_compliant_does_not_look_new(tmp_path: Path, read: datetime | None) -> None:
    """Nobody has looked at the account in the last scan, and maybe never completely."""
    served = await estate([SAFE])
    unread = replace(coverage(CoverageState.GAP, LAB, "Lab"), last_read=read)
    await served.put(unread, [finding("old", Verdict.COMPLIANT, subscription_id=LAB)])

    bundle = await exported(served, tmp_path)

    event, results = events_of(bundle)["old"], results_of(bundle)
    assert event["compliance"]["status_id"] == 0
    assert ("last_seen_time" in event["finding_info"]) is (read is not None)
    (observed,) = [each for each in results["observations"] if "old" in each["title"]]
    told = {each["name"]: each["value"] for each in observed["props"]}
    assert told["as-of"] == ("2026-11-25T12:00:00Z" if read else "not known")


async def test_an_old_result_satisfies_nothing_and_no_event_of_it_passes(tmp_path: Path) -> None:
    """The status is unknown by then, and whoever reads the events alone must not see a pass."""
    served = await estate([SAFE, replace(finding("locked", Verdict.COMPLIANT), key_health=BROKEN)])
    served.clock.time = NOON + timedelta(days=7)

    bundle = await exported(served, tmp_path)

    told = {event["compliance"]["status_id"] for event in events_of(bundle).values()}
    assert told == {0}
    assert _states(results_of(bundle)) == {"not-satisfied"}
    assert _reasons(results_of(bundle)) == {"stale"}


async def test_an_event_that_is_older_than_the_last_scan_does_not_pass(tmp_path: Path) -> None:
    """The estate may be fresh although one account of it is not."""
    evidence = await downloaded(AppApi(await estate([SAFE])), tmp_path)
    earlier = "2026-11-24T12:00:00Z"
    listed = tmp_path / "findings.jsonl"
    listed.write_text(listed.read_text().replace("2026-11-25T12:00:00Z", earlier))

    (event,) = map(json.loads, ocsf.lines(evidence))

    assert event["compliance"]["status_id"] == 0


async def test_a_subscription_that_was_not_read_is_an_unknown_event(tmp_path: Path) -> None:
    """Else a file of passes says nothing of it; this one was never recorded to its end."""
    served = await estate([SAFE])
    await served.put(coverage(CoverageState.PENDING, LAB, "Lab"))

    bundle = await exported(served, tmp_path)

    event, result = events_of(bundle)["Lab"], results_of(bundle)
    assert (event["severity"], event["compliance"]["status_id"]) == ("Unknown", 0)
    assert event["finding_info"]["uid"] == f"/subscriptions/{LAB}"
    assert event["status_code"] == "slice_failed"
    assert event["remediation"]["desc"] in event["message"]
    assert _states(result) == {"not-satisfied"}
    assert "Lab" in (bundle / "report.html").read_text()


@pytest.mark.parametrize("read", [EARLIER, None])
async def test_p1_what_the_last_scan_could_not_write_is_not_dated_by_it(
    tmp_path: Path, read: datetime | None
) -> None:
    """Its row says that it was read, and is compliant: that was before."""
    served = await estate([SAFE])
    stored = await served.scans.status()
    gaps = (UnwrittenGap(PRODUCTION, read),)
    summary = replace(stored.value.summary, unwritten=1, unwritten_gaps=gaps)
    later = NOON + timedelta(minutes=1)
    await served.put_status(replace(stored.value, as_of=later, summary=summary))

    bundle = await exported(served, tmp_path)

    event = events_of(bundle)["safe"]
    assert event["compliance"]["status_id"] == 0
    assert event["time"] == round((read or NOON).timestamp() * 1000)
    (seen,) = (each for each in results_of(bundle)["observations"] if "safe" in each["title"])
    assert datetime.fromisoformat(seen["collected"]) == (read or NOON)


async def test_events_have_no_empty_values(tmp_path: Path) -> None:
    """A reader of OCSF takes null for a value; and of data stores that nobody read, none speaks."""
    found = replace(SAFE, key_health=BROKEN, tags={}, owner=None)

    bundle = await exported(await estate([found]), tmp_path)

    (event,) = events_of(bundle).values()
    text = json.dumps(event)
    assert not {each for each in ("null", "{}", "daysToExpiry", "dataStores") if each in text}
    assert not _section(bundle)


def _with_data(state: DataState, verdict: Verdict = Verdict.COMPLIANT) -> Finding:
    """Return an account with data in a store, and with this state."""
    return replace(finding(state.value, verdict), data=replace(EXPOSED, state=state))


def _section(bundle: Path) -> str:
    _, _, section = (bundle / "report.html").read_text().partition("Where accounts keep data")
    return section.partition("Exceptions")[0]


async def test_an_account_under_its_key_with_data_elsewhere_is_no_plain_pass(
    tmp_path: Path,
) -> None:
    """A SIEM would say that all is well, and an auditor asks where the data is."""
    accounts = [replace(_with_data(state), key_health=HEALTHY) for state in DataState]

    bundle = await exported(await estate(accounts), tmp_path)

    passed = {
        name for name, event in events_of(bundle).items() if event["compliance"]["status_id"] == 1
    }
    section = _section(bundle)
    listed = {state.value for state in DataState if f">{state.value}<" in section}
    assert passed == {"own_keys", "none"}
    assert listed == {*DataState} - passed


async def test_what_was_never_read_is_no_plain_pass(tmp_path: Path) -> None:
    """Nobody knows where its data lies, or whether its key works, although the app looks."""
    never = finding("never", Verdict.COMPLIANT)
    well = replace(_with_data(DataState.OWN_KEYS), key_health=HEALTHY)
    bundle = await exported(await estate([never, well]), tmp_path)

    results = {name: each["compliance"]["status_id"] for name, each in events_of(bundle).items()}
    assert results == {"never": 2, "own_keys": 1}
    assert ">never<" in _section(bundle)


async def test_data_under_microsofts_keys_is_a_risk_whatever_the_verdict(tmp_path: Path) -> None:
    """The number of the risk is that of the accounts, as the posture counts them."""
    accounts = [
        _with_data(DataState.OWN_KEYS),
        *(replace(finding(verdict, verdict), data=EXPOSED) for verdict in Verdict),
    ]
    result = results_of(await exported(await estate(accounts), tmp_path))

    numbers = {each["props"][0]["value"]: each["props"][1]["value"] for each in result["risks"]}
    assert numbers["data_exposed"] == str(len(Verdict))
