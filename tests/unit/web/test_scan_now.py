"""``POST /api/scan``: what the outcomes of asking for a scan look like."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from fastapi import FastAPI

from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.core.scope import Scope
from cmk_check.ports import QueueError, StoreRefused, StoreUnavailable
from cmk_check.web.fastapi_app import WebApplication
from cmk_check.web.http.middleware import SignIn
from cmk_check.web.scan_now import create_app
from tests.fakes.world import sub
from tests.unit.web.api_kit import AS_SERVED
from tests.unit.web.asgi_client import send

SCAN = "/api/scan"
ID = "20261125T120000Z-3fa9"
ONE, EXCLUDED = sub(1), sub(2)


@dataclass
class Asked:
    """Whoever decides about starting, and how often it was asked."""

    outcome: StartAnswer | Exception
    times: int = 0
    named: frozenset[str] = frozenset()

    async def __call__(self, named: frozenset[str]) -> StartAnswer:
        """Answer as scripted."""
        self.times += 1
        self.named = named
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def _app(
    ask: Callable[[frozenset[str]], Awaitable[StartAnswer]], site: WebApplication = AS_SERVED
) -> FastAPI:
    return create_app(ask, site, Scope(exclude=frozenset({EXCLUDED})))


STARTED = StartAnswer(StartOutcome.STARTED, ID)
RUNNING = StartAnswer(StartOutcome.RUNNING, ID)
TOO_SOON = StartAnswer(StartOutcome.TOO_SOON, ID, timedelta(seconds=40.2))


async def test_a_started_scan_is_accepted_and_can_be_followed() -> None:
    """It takes minutes: the answer says where to look, not how it ended."""
    answer = await send(_app(Asked(STARTED)), SCAN, method="POST")

    assert (answer.status, answer.json) == (202, {"id": ID})
    assert answer.headers["location"] == f"https://cmk.example/api/v1/scans/{ID}"


async def test_whoever_may_start_a_scan_is_told_so() -> None:
    """The page shows its button by this answer; whoever may not is refused before the app."""
    answer = await send(_app(Asked(STARTED)), SCAN)

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_method_that_is_not_allowed_learns_which_are() -> None:
    """Both routes of the path count, not the first alone."""
    answer = await send(_app(Asked(STARTED)), SCAN, method="PUT")

    assert answer.headers["allow"] == "GET, HEAD, POST"


async def test_while_a_scan_runs_the_answer_leads_to_it() -> None:
    """Whoever asks wants the result of a scan, and that one will have it."""
    answer = await send(_app(Asked(RUNNING)), SCAN, method="POST")

    assert (answer.status, answer.error) == (409, ("ScanRunning", None))
    assert answer.headers["retry-after"] == "10"
    assert answer.headers["location"] == f"https://cmk.example/api/v1/scans/{ID}"


async def test_right_after_a_start_the_answer_says_how_long_to_wait() -> None:
    """In whole seconds, rounded so that the next try is not too soon again."""
    answer = await send(_app(Asked(TOO_SOON)), SCAN, method="POST")

    assert (answer.status, answer.error) == (429, ("TooManyRequests", None))
    assert answer.headers["retry-after"] == "41"
    assert answer.headers["location"] == f"https://cmk.example/api/v1/scans/{ID}"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (StoreUnavailable("cmkscans: 500"), "10"),
        (StoreRefused("grant it"), "10"),
        (QueueError("cmk-slices: 403"), "60"),
    ],
)
async def test_storage_that_does_not_answer_is_unavailable_for_now(
    error: Exception, seconds: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Callers try again; why is for the log, because it names rows, queues and roles."""
    answer = await send(_app(Asked(error)), SCAN, method="POST")

    assert (answer.status, answer.error) == (503, ("StorageUnavailable", None))
    assert answer.headers["retry-after"] == seconds
    assert str(error) not in answer.body.decode()
    assert str(error) in caplog.text


async def test_an_unexpected_failure_tells_callers_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """And it is answered, not raised: the worker would answer without a body."""
    answer = await send(_app(Asked(RuntimeError("s3cret"))), SCAN, method="POST")

    assert (answer.status, answer.error) == (500, ("InternalError", None))
    assert "s3cret" not in answer.body.decode()
    assert "s3cret" in caplog.text


@pytest.mark.parametrize("outcome", [STARTED, RUNNING, TOO_SOON, StoreUnavailable("x")])
async def test_every_answer_carries_the_headers(outcome: StartAnswer | Exception) -> None:
    """As those of the API, of which it is a part to whoever calls it."""
    answer = await send(_app(Asked(outcome)), SCAN, method="POST")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        (f"{SCAN}?force=1", "POST", 400),
        (f"{SCAN}?force=1", "GET", 400),
        (SCAN, "GET", 204),
        (SCAN, "HEAD", 204),
        (SCAN, "PUT", 405),
        (f"{SCAN}/", "POST", 404),
        ("/api/v1/status", "GET", 404),
    ],
)
async def test_nothing_else_starts_or_reads_anything(target: str, method: str, status: int) -> None:
    """A link that is opened by a mail scanner must not start a scan, nor this key read."""
    asked = Asked(STARTED)

    answer = await send(_app(asked), target, method=method)

    assert (answer.status, asked.times) == (status, 0)


async def test_the_hosts_key_in_the_query_is_nobodys_parameter() -> None:
    """P6: the host takes it there, and no answer repeats it."""
    answer = await send(_app(Asked(STARTED)), f"{SCAN}?code=s3cret", method="POST")

    assert answer.status == 202
    assert "s3cret" not in answer.body.decode() + str(answer.headers)


@pytest.mark.parametrize(
    ("easy_auth", "principal", "status", "times"),
    [(True, "x", 202, 1), (True, " ", 503, 0), (False, "x", 503, 0)],
)
async def test_entra_starts_nothing_without_a_sign_in(
    principal: str, status: int, times: int, *, easy_auth: bool
) -> None:
    """The function is anonymous then: with Easy Auth switched off, anybody could start scans."""
    asked = Asked(STARTED)
    app = _app(asked, replace(AS_SERVED, sign_in=SignIn("entra", easy_auth)))

    answer = await send(app, SCAN, {"x-ms-client-principal-id": principal}, method="POST")

    assert (answer.status, asked.times) == (status, times)
    if status == 503:
        assert answer.error == ("SignInNotConfigured", None)


async def test_behind_an_unknown_host_the_location_is_relative() -> None:
    """A Host header is whatever the caller made up."""
    answer = await send(_app(Asked(STARTED)), SCAN, {"host": "evil host"}, method="POST")

    assert answer.headers["location"] == f"/api/v1/scans/{ID}"


async def test_on_azure_the_location_is_the_apps_own() -> None:
    """Whatever Host the request named."""
    app = _app(Asked(STARTED), replace(AS_SERVED, hostname="func-cmk.azurewebsites.net"))

    answer = await send(app, SCAN, {"host": "evil.example"}, method="POST")

    assert answer.headers["location"].startswith("https://func-cmk.azurewebsites.net/api/v1/scans/")


async def test_a_body_names_the_subscriptions_to_read() -> None:
    """In any case, and each once."""
    ask = Asked(STARTED)

    answer = await send(_app(ask), SCAN, method="POST", body=_body(ONE, ONE.upper()))

    assert (answer.status, ask.named) == (202, frozenset({ONE}))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "The body must be empty or"),
        (b"[]", "The body must be empty or"),
        (b'{"subscription": []}', "The body must be empty or"),
        (b'{"subscriptions": "all"}', "must be a list of 1 to 1,000 ids"),
        (b'{"subscriptions": []}', "must be a list of 1 to 1,000 ids"),
        (b'{"subscriptions": ["chat\\u00e9"]}', r"'chat\xe9' must be a subscription id"),
        (b'{"subscriptions": [7]}', "7 must be a subscription id"),
        (b" " * 100_000 + b"{}", "at most 100,000 bytes"),
        (b"[" * 90_000, "The body must be empty or"),
    ],
)
async def test_a_wrong_body_is_refused_and_says_what_it_must_be(body: bytes, said: str) -> None:
    """Nothing is started: a full scan is not what was asked for."""
    ask = Asked(STARTED)

    answer = await send(_app(ask), SCAN, method="POST", body=body)

    assert (answer.status, answer.error) == (400, ("InvalidParameter", "subscriptions"))
    assert said in answer.json["error"]["message"]
    assert ask.times == 0


async def test_more_than_a_thousand_are_refused() -> None:
    """A full scan reads them faster."""
    many = _body(*(sub(number) for number in range(1_001)))

    assert (await send(_app(Asked(STARTED)), SCAN, method="POST", body=many)).status == 400


async def test_an_excluded_subscription_is_refused_by_name() -> None:
    """Its accounts are not judged, whoever asks."""
    answer = await send(_app(Asked(STARTED)), SCAN, method="POST", body=_body(ONE, EXCLUDED))

    assert answer.status == 400
    assert EXCLUDED in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(StartOutcome.NO_SCAN_YET, "NoScanYet"), (StartOutcome.SCOPE_CHANGED, "ScopeChanged")],
)
async def test_without_a_full_scan_the_answer_says_to_start_one(
    outcome: StartOutcome, code: str
) -> None:
    """There is nothing yet to which a few subscriptions could be added."""
    answer = await send(_app(Asked(StartAnswer(outcome))), SCAN, method="POST", body=_body(ONE))

    assert (answer.status, answer.error) == (409, (code, None))
    assert "location" not in answer.headers


def _body(*ids: str) -> bytes:
    return json.dumps({"subscriptions": ids}).encode()
