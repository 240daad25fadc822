"""The command send-test-alert, as a process against a receiver: what is sent, said and returned."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.contract.webhook.conftest import SECRET, Receiver

ROOT = Path(__file__).parents[3]


async def _run(*options: str, **given: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cmk_check", "send-test-alert", *options),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **given},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def receiver(serve: Callable[[str], Awaitable[Receiver]]) -> Receiver:
    """A receiver over HTTP: the process knows no authority of tests."""
    return await serve("http")


async def test_it_sends_a_marked_change_and_says_whom_to(receiver: Receiver) -> None:
    """No storage is set: whoever tries a webhook on a laptop has none at hand."""
    receiver.answers(202)

    code, out, err = await _run(CMK_WEBHOOK_URL=receiver.url, CMK_WEBHOOK_SECRET=SECRET)

    (request,) = receiver.received
    (event,) = Webhook(SECRET).verify(request.body, request.headers)
    assert (code, err) == (0, "")
    assert out == (
        f"Sent the test change {event['id']} (cmkcheck.account.violated, cloudevents, signed) to "
        "127.0.0.1, which answered 202.\n"
    )
    assert event["data"]["test"] is True


@pytest.mark.long
async def test_a_route_is_tried_by_its_name(serve: Callable[[str], Awaitable[Receiver]]) -> None:
    """With several receivers a person must say which; and only that one gets it."""
    first, second = await serve("http"), await serve("http")
    second.answers(404)
    given = {
        "CMK_ROUTES": '[{"name": "first"}, {"name": "second", "format": "slack"}]',
        "CMK_ROUTE_FIRST_URL": first.url,
        "CMK_ROUTE_SECOND_URL": second.url,
    }

    refused = await _run("--route", "second", **given)
    unknown = await _run("--route", "third", **given)
    unsaid = await _run(**given)

    assert (first.received, len(second.received)) == ([], 1)
    assert b"TEST, not a real change" in second.received[0].body
    assert (refused[0], unknown[0], unsaid[0]) == (3, 2, 2)
    assert refused[2].endswith("127.0.0.1 answered 404: check CMK_ROUTE_SECOND_URL.\n")
    assert "must be the name of a route; write one of first, second" in unknown[2]
    assert "must choose one of the routes; write one of first, second" in unsaid[2]
