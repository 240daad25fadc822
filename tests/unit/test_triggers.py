"""The bodies of the triggers: the host logs what leaves them, with every cause of it (P6)."""

import json
import traceback
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Final

import azure.functions as func
import pytest
from azure.core.exceptions import HttpResponseError
from azure.functions.queue import QueueMessage

from cmk_check import triggers
from cmk_check.composition_root import App, get_app
from cmk_check.config.settings import Settings
from cmk_check.limits import MAX_DELIVERIES
from cmk_check.ports import DeliveryMessage, StoreUnavailable
from cmk_check.triggers import _without_sdk_errors
from function_app import scan_slice, tell
from tests.fakes.world import World
from tests.unit.config.settings_kit import AZURITE, URL

type Answer = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]

SECRET = "sig=of-a-shared-access-signature"
SDK_ERROR = HttpResponseError(f"https://account.table.core.windows.net/?{SECRET}")


FAILED = StoreUnavailable("The storage does not answer.")
FAILED.__cause__ = SDK_ERROR


@pytest.mark.parametrize(
    "error",
    [FAILED, ExceptionGroup("at once", [ExceptionGroup("within", [FAILED])])],
    ids=["one", "several"],
)
def test_p6_what_the_sdk_said_is_not_logged_with_our_error(error: Exception) -> None:
    """It may hold a signature or a token; the host logs every member of a group."""
    with pytest.raises(StoreUnavailable) as caught, _without_sdk_errors():
        raise error

    logged = "".join(traceback.format_exception(caught.value))
    assert "The storage does not answer." in logged
    assert SECRET not in logged


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_fault_of_this_program_keeps_its_traceback(*, is_alone: bool) -> None:
    """The log must say where; another try does not cure it."""
    with pytest.raises(ZeroDivisionError) as fault:
        1 / 0  # noqa: B018 - the fault
    error = fault.value if is_alone else ExceptionGroup("at once", [FAILED, fault.value])

    with pytest.raises(ZeroDivisionError) as caught, _without_sdk_errors():
        raise error

    logged = "".join(traceback.format_exception(caught.value))
    assert "1 / 0" in logged
    assert SECRET not in logged


class _App:
    async def scan_context(self) -> None:
        """Open nothing."""

    async def delivery_context(self) -> None:
        """Open nothing."""


@pytest.mark.parametrize("delivery", [1, MAX_DELIVERIES - 1, MAX_DELIVERIES, None])
async def test_a_slice_hears_whether_its_message_comes_for_the_last_time(
    monkeypatch: pytest.MonkeyPatch, delivery: int | None
) -> None:
    """Else one subscription that cannot be recorded makes a gap of each in its slice."""
    heard: list[object] = []

    async def run_slice(*of: object, last: bool) -> None:
        heard.append((*of, last))

    monkeypatch.setattr("cmk_check.scan.slice.run_slice", run_slice)
    monkeypatch.setattr(triggers, "get_app", _App)
    scan_id = "20261125T120000Z-3fa9"
    body = json.dumps({"scanId": scan_id, "slice": 7}).encode()
    message = QueueMessage(body=body, dequeue_count=delivery)  # type: ignore[no-untyped-call]

    await scan_slice(message)

    assert heard == [(None, scan_id, 7, delivery == MAX_DELIVERIES)]


async def test_a_delivery_hears_since_when_its_message_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time tells a message that the queue delivers twice from a second one."""
    queued = datetime(2026, 11, 25, 12, tzinfo=UTC)
    heard: list[object] = []

    async def deliver(*of: object) -> None:
        heard.extend(of)

    monkeypatch.setattr("cmk_check.alerts.deliver.deliver", deliver)
    monkeypatch.setattr(triggers, "get_app", _App)
    body = b'{"first": 8, "last": 10}'
    message = QueueMessage(body=body, insertion_time=queued)  # type: ignore[no-untyped-call]

    await tell(message)

    assert heard == [None, DeliveryMessage(8, 10), queued]


NOT_VALID: Final = {"CMK_MAX_AGE_MINUTES": "4711x", "CMK_WEBHOOK_SECRET": SECRET}


async def _answer(request: func.HttpRequest) -> func.HttpResponse:
    return await triggers.answer_api_request(request, None)  # type: ignore[arg-type] # nothing reads it


async def _scan_now(request: func.HttpRequest) -> func.HttpResponse:
    return await triggers.scan_now(request, None)  # type: ignore[arg-type] # nothing reads it


@pytest.fixture
def _settings_are_not_valid(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in NOT_VALID.items():
        monkeypatch.setenv(name, value)
    get_app.cache_clear()
    yield
    get_app.cache_clear()


@pytest.mark.usefixtures("_settings_are_not_valid")
@pytest.mark.parametrize("answer", [_answer, _scan_now])
async def test_faults_of_the_settings_are_the_answer(answer: Answer) -> None:
    """The page shows them; an empty 500 sends people to a log that they may not read."""
    response = await answer(func.HttpRequest("GET", "http://localhost/api/v1/status", body=b""))

    error = json.loads(response.get_body())["error"]
    assert (response.status_code, error["code"]) == (500, "SettingsInvalid")
    assert error["target"] == "CMK_STORAGE"
    assert "CMK_MAX_AGE_MINUTES: must be a whole number" in error["message"]
    assert not [value for value in NOT_VALID.values() if value in error["message"]]


@pytest.mark.usefixtures("_settings_are_not_valid")
@pytest.mark.parametrize("answer", [_answer, _scan_now])
@pytest.mark.parametrize(("on", "named"), [("False", False), ("True", True)])
async def test_under_entra_only_who_has_signed_in_sees_the_faults(
    answer: Answer, monkeypatch: pytest.MonkeyPatch, on: str, *, named: bool
) -> None:
    """There the host lets everybody in, and callers can set the header of the platform."""
    monkeypatch.setenv("CMK_HTTP_AUTH", "entra")
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", on)
    headers = {"x-ms-client-principal-id": "7b1c5a2e-3f0d-4c55-9d6a-0c6f1f0e2a11"}
    url = "http://localhost/api/v1/status"

    nobody = await answer(func.HttpRequest("GET", url, body=b""))
    somebody = await answer(func.HttpRequest("GET", url, headers=headers, body=b""))

    assert b"CMK_STORAGE" not in nobody.get_body()
    assert (b"CMK_STORAGE" in somebody.get_body()) == named


async def test_a_digest_whose_timer_never_fires_is_late(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The timer that notices it is the one of scans, whose scan does not depend on it."""
    world, mondays = World(), "0 0 8 * * 1"
    environ = {**AZURITE, "CMK_WEBHOOK_URL": URL, "CMK_DIGEST_SCHEDULE": mondays}
    app = App(Settings.load(environ))
    answers = iter([StoreUnavailable("no answer"), *repeat((world.store, None), 2)])

    async def open_storage() -> object:
        answer = next(answers)
        if isinstance(answer, StoreUnavailable):
            raise answer
        return answer

    async def build_context() -> object:
        return world.context

    monkeypatch.setattr(app, "_storage", open_storage)
    monkeypatch.setattr(app, "scan_context", build_context)
    monkeypatch.setattr(triggers, "get_app", lambda: app)

    await triggers.start_scan()
    assert "no answer" in caplog.text
    await triggers.start_scan()

    digests, now = await app.digests(), app.clock.now()
    assert digests is not None
    assert await digests.late(now) == ""
    assert (await digests.late(now + timedelta(days=8))).startswith("webhook: due ")
