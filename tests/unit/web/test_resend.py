"""``POST /api/scan/resend``: what it takes and says."""

from dataclasses import dataclass, field
from typing import Literal

import pytest
from fastapi import FastAPI

from cmk_check.core.scan_request import StartAnswer
from cmk_check.core.scope import Scope
from cmk_check.ports import QueueError
from cmk_check.store.codec import RowTooNew
from cmk_check.web.scan_now import create_app
from tests.unit.web.api_kit import AS_SERVED
from tests.unit.web.asgi_client import send

RESEND = "/api/scan/resend"


@dataclass
class Resent:
    """A stub that keeps what was asked of it, and answers as scripted."""

    outcome: bool | Exception = True
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def __call__(self, first: int, last: int) -> bool:
        """Answer as scripted."""
        self.asked.append((first, last))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def _app(resent: Resent) -> FastAPI:
    async def ask(_: frozenset[str]) -> StartAnswer:
        raise AssertionError

    return create_app(ask, resent, AS_SERVED, Scope())


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("from=1&to=1", (1, 1)),
        ("from=8&to=10007", (8, 10_007)),
    ],
)
async def test_it_answers_with_nothing_of_the_changes(query: str, asked: tuple[int, int]) -> None:
    """Whoever may start scans need not be allowed to read."""
    resent = Resent()

    answer = await send(_app(resent), f"{RESEND}?{query}", method="POST")

    assert (answer.status, answer.body, resent.asked) == (202, b"", [asked])


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "from"),
        ("from=1", "to"),
        ("from=0&to=1", "from"),
        ("from=2&to=1", "to"),
        ("from=1&to=10001", "to"),
        ("from=1_0&to=11", "from"),
        ("from=1&to=1&url=x", "url"),
    ],
)
async def test_a_range_that_cannot_be_is_refused(query: str, parameter: str) -> None:
    """With what it must be."""
    resent = Resent()

    answer = await send(_app(resent), f"{RESEND}?{query}", method="POST")

    assert (answer.status, answer.error) == (400, ("InvalidParameter", parameter))
    assert resent.asked == []


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (False, 409, "NotResent"),
        (RowTooNew("deploy it"), 503, "NewerVersionNeeded"),
        (QueueError("cmk-tell: 403"), 503, "StorageUnavailable"),
    ],
)
async def test_what_was_not_queued_is_said(
    outcome: Literal[False] | Exception, status: int, code: str
) -> None:
    """A person would wait for the alerts."""
    answer = await send(_app(Resent(outcome)), f"{RESEND}?from=1&to=2", method="POST")

    assert (answer.status, answer.error) == (status, (code, None))
    assert "cmk-tell" not in answer.body.decode()
