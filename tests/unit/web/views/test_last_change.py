"""Who changed an account last: queried from Azure for one account, and never stored."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

import pytest

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.gap_sentences import make_gap
from cmk_check.ports import LastChange
from tests.fakes.last_changes import ScriptedChanges
from tests.unit.web.api_kit import AS_SERVED, NOON, PRODUCTION, Served, coverage, finding
from tests.unit.web.asgi_client import Answer, send

ACCOUNT = (
    f"/subscriptions/{PRODUCTION}/resourcegroups/rg-ai/providers"
    "/microsoft.cognitiveservices/accounts"
)
FOUND = LastChange(
    at=NOON + timedelta(microseconds=7),
    changed_by="person@example.com",
    changed_by_type="User",
    client_type=None,
    operation="Unspecified",
    correlation_id="c0ffee",
    properties=("tags",),
)


async def _ask(served: Served, changes: ScriptedChanges, path: str = f"{ACCOUNT}/CHAT") -> Answer:
    app = served.app(replace(AS_SERVED, last_change=changes))
    return await send(app, f"/api/v1/findings{path}/lastChange")


async def test_the_change_is_shown_in_azures_words(served: Served) -> None:
    """The query has the names as recorded, because Azure lower-cases letters differently."""
    changes = ScriptedChanges(FOUND)

    answer = await _ask(served, changes)

    assert answer.json["change"] == {
        "at": "2026-11-25T12:00:00Z",
        "changedBy": "person@example.com",
        "changedByType": "User",
        "clientType": None,
        "operation": "Unspecified",
        "correlationId": "c0ffee",
        "properties": ["tags"],
    }
    assert answer.json["reason"] is None
    assert "proves no guilt" in answer.json["message"]
    assert changes.asked == [f"{ACCOUNT}/Chat"]


async def test_nothing_of_it_is_stored(served: Served) -> None:
    """The answer names people, so the detail and all rows must stay unchanged."""
    detail = f"/api/v1/findings{ACCOUNT}/chat"
    before = (await send(served.app(), detail)).body
    rows = served.store.content()

    await _ask(served, ScriptedChanges(FOUND))

    assert (await send(served.app(), detail)).body == before
    assert served.store.content() == rows


async def test_no_change_and_no_answer_are_told_apart(served: Served) -> None:
    """Azure deletes changes after two weeks, which differs from no answer."""
    none = (await _ask(served, ScriptedChanges(None))).json

    assert (none["change"], none["reason"]) == (None, None)
    assert "14 days" in none["message"]
    assert "Microsoft.Resources/changes/read" in none["message"]


@pytest.mark.parametrize(
    ("gap", "end"),
    [
        (
            make_gap(GapReason.FORBIDDEN, missing_action="Microsoft.X/read"),
            "right Microsoft.X/read.",
        ),
        (make_gap(GapReason.THROTTLED), "Try again later."),
    ],
)
async def test_without_an_answer_there_is_a_way_out(served: Served, gap: Gap, end: str) -> None:
    """The advice for a scan ("the next scan tries again") would be wrong here."""
    answer = await _ask(served, ScriptedChanges(gap))

    assert answer.status == HTTPStatus.OK
    assert (answer.json["change"], answer.json["reason"]) == (None, gap.reason)
    assert f"{end} The account's activity log" in answer.json["message"]
    assert "next scan" not in answer.json["message"]


async def test_an_account_of_this_name_has_a_detail_too() -> None:
    """A violation must be readable whatever its name."""
    served = Served()
    await served.put(coverage(), [finding("lastChange")])

    answer = await _ask(served, ScriptedChanges(FOUND), ACCOUNT)

    assert answer.json["name"] == "lastChange"


@pytest.mark.parametrize("path", [f"{ACCOUNT}/absent", "/x", ""])
async def test_azure_is_asked_for_recorded_accounts_alone(served: Served, path: str) -> None:
    """An API key gives access to recorded accounts, not to other resources of the tenant."""
    changes = ScriptedChanges(FOUND)

    answer = await _ask(served, changes, path)

    assert answer.status == HTTPStatus.NOT_FOUND
    assert changes.asked == []
