"""``POST /api/scan``: what the outcomes of asking for a scan look like."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pytest
from fastapi import FastAPI

from cmk_check.config.settings import Settings
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.core.scope import Scope
from cmk_check.ports import QueueError, StoreRefused, StoreUnavailable
from cmk_check.store.codec import RowTooNew
from cmk_check.web.scan_now import create_app
from tests.fakes.world import sub
from tests.unit.web.api_kit import AS_SERVED, as_served, no_resend
from tests.unit.web.asgi_client import send

SCAN = "/api/scan"
ID = "20261125T120000Z-3fa9"
# With letters, whose case does not matter.
ONE, EXCLUDED = (f"8d3c0000-0000-4000-8000-00000000000{digit}" for digit in "ab")


@dataclass
class Asked:
    """A stub that decides whether to start, and counts the requests."""

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
    ask: Callable[[frozenset[str]], Awaitable[StartAnswer]], settings: Settings = AS_SERVED
) -> FastAPI:
    return create_app(ask, no_resend, settings, Scope(exclude=frozenset({EXCLUDED})))


def _body(*ids: str) -> bytes:
    return json.dumps({"subscriptions": ids}).encode()


STARTED = StartAnswer(StartOutcome.STARTED, ID)
TOO_SOON = StartAnswer(StartOutcome.TOO_SOON, ID, timedelta(seconds=40.2))


@pytest.mark.parametrize(
    ("outcome", "status", "code", "seconds"),
    [
        (StartAnswer(StartOutcome.RUNNING, ID), 409, "ScanRunning", "10"),
        # Rounded so that the next try is not too soon again.
        (TOO_SOON, 429, "TooManyRequests", "41"),
        (StartAnswer(StartOutcome.NO_SCAN_YET), 409, "NoScanYet", None),
        (StartAnswer(StartOutcome.SCOPE_CHANGED), 409, "ScopeChanged", None),
        (StoreUnavailable("cmkscans: 500"), 503, "StorageUnavailable", "10"),
        (StoreRefused("grant it"), 503, "StorageUnavailable", "10"),
        (QueueError("cmk-slices: 403"), 503, "StorageUnavailable", "60"),
        (RuntimeError("s3cret"), 500, "InternalError", None),
    ],
)
async def test_why_no_scan_was_started_is_said_and_how_long_to_wait(
    outcome: StartAnswer | Exception,
    status: int,
    code: str,
    seconds: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A running scan is linked; only the log has a storage error, which names rows and roles."""
    answer = await send(_app(Asked(outcome)), SCAN, method="POST", body=_body(ONE))

    assert (answer.status, answer.error) == (status, (code, None))
    assert answer.headers.get("retry-after") == seconds
    is_met = isinstance(outcome, StartAnswer) and bool(outcome.scan_id)
    link = f"https://cmk.example/api/v1/scans/{ID}" if is_met else None
    assert answer.headers.get("location") == link
    if isinstance(outcome, Exception):
        assert str(outcome) not in answer.body.decode()
        assert str(outcome) in caplog.text


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
    """A mail scanner that opens a link must not start a scan, and this key must not read."""
    asked = Asked(STARTED)

    answer = await send(_app(asked), target, method=method)

    assert (answer.status, asked.times) == (status, 0)
    assert answer.headers["cache-control"] == "no-store"
    # Both routes of the path count, not the first alone.
    assert answer.headers.get("allow") == ("GET, HEAD, POST" if status == 405 else None)


@pytest.mark.parametrize(
    ("hostname", "host", "origin"),
    [
        (None, "cmk.example", "https://cmk.example"),
        (None, "evil host", ""),
        ("func-cmk.azurewebsites.net", "evil.example", "https://func-cmk.azurewebsites.net"),
    ],
)
async def test_a_started_scan_is_accepted_and_can_be_followed(
    hostname: str | None, host: str, origin: str
) -> None:
    """A scan takes minutes. The caller can forge the Host header, so the link may be relative."""
    app = _app(Asked(STARTED), as_served(hostname=hostname))

    answer = await send(app, SCAN, {"host": host}, method="POST")

    assert (answer.status, answer.json) == (202, {"id": ID})
    assert answer.headers["location"] == f"{origin}/api/v1/scans/{ID}"


@pytest.mark.parametrize(
    ("named", "ids"),
    [
        ((ONE, ONE.upper()), [ONE]),
        ((THOUSAND := [sub(number) for number in range(3, 1_003)]), THOUSAND),
    ],
    ids=["in any case, each once", "as many as are allowed"],
)
async def test_a_body_names_the_subscriptions_to_read(named: list[str], ids: list[str]) -> None:
    """If one were ignored, its old verdict would seem new."""
    ask = Asked(STARTED)

    answer = await send(_app(ask), SCAN, method="POST", body=_body(*named))

    assert (answer.status, ask.named) == (202, frozenset(ids))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "The body must be empty or"),
        (b"[]", "The body must be empty or"),
        (b'{"subscription": []}', "The body must be empty or"),
        (b'{"subscriptions": "all"}', "The body must be empty or"),
        (b'{"subscriptions": []}', "The body must be empty or"),
        (b'{"subscriptions": ["chat\\u00e9"]}', r"'chat\xe9' must be a subscription id"),
        (b'{"subscriptions": [7]}', "7 must be a subscription id"),
        (b" " * 100_000 + b"{}", "at most 100,000 bytes"),
        (b"[" * 90_000, "The body must be empty or"),
        (_body(*map(sub, range(1_001))), "The body must be empty or"),
        *(
            (_body(ONE, name), f"The subscription {EXCLUDED} is not scanned")
            for name in (EXCLUDED, EXCLUDED.upper())
        ),
    ],
)
async def test_a_wrong_body_is_refused_and_says_what_it_must_be(body: bytes, said: str) -> None:
    """Nothing is started: the caller did not request a full scan."""
    ask = Asked(STARTED)

    answer = await send(_app(ask), SCAN, method="POST", body=body)

    assert (answer.status, answer.error) == (400, ("InvalidParameter", "subscriptions"))
    assert said in answer.json["error"]["message"]
    assert ask.times == 0


@pytest.mark.parametrize(
    ("query", "outcome", "status", "error"),
    [
        ("from=1&to=1", True, 202, None),
        ("from=8&to=10007", True, 202, None),
        ("from=1&to=2", False, 409, ("NotResent", None)),
        ("from=1&to=2", RowTooNew("deploy it"), 503, ("NewerVersionNeeded", None)),
        ("from=1&to=2", QueueError("cmk-tell: 403"), 503, ("StorageUnavailable", None)),
        *(
            (query, True, 400, ("InvalidParameter", parameter))
            for query, parameter in (
                *(("", "from"), ("from=1", "to"), ("from=0&to=1", "from"), ("from=2&to=1", "to")),
                *(
                    ("from=1&to=10001", "to"),
                    ("from=1_0&to=11", "from"),
                    ("from=1&to=1&url=x", "url"),
                ),
            )
        ),
    ],
)
async def test_changes_are_sent_again_and_nothing_of_them_is_shown(
    query: str, outcome: Literal[True, False] | Exception, status: int, error: object
) -> None:
    """Whoever may start scans need not be allowed to read; who waits for alerts must know."""
    asked: list[tuple[int, int]] = []

    async def resend(first: int, last: int) -> bool:
        asked.append((first, last))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    app = create_app(Asked(STARTED), resend, AS_SERVED, Scope())

    answer = await send(app, f"{SCAN}/resend?{query}", method="POST")

    assert (answer.status, answer.error if answer.body else None) == (status, error)
    assert [f"from={first}&to={last}" for first, last in asked] == (
        [query] if status != 400 else []
    )
    assert b"cmk-tell" not in answer.body
