"""The webhook against a real receiver: what arrives, what counts as taken, where it never goes."""

import base64
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from cmk_check.ports import DeliveryFailed
from tests.contract.webhook.conftest import OTHER, SECRET, Open, Receiver, change, failure_of


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_changes_arrive_at_the_very_url(
    receiver: Receiver, opened: Open, status: int
) -> None:
    """Its escapes and signature are the receiver's own, and must not be written anew."""
    receiver.answers(status)

    await opened(receiver.url).post([change()])

    (request,) = receiver.received
    assert receiver.url.endswith(request.path)
    assert request.headers["content-type"].startswith("application/cloudevents-batch+json")
    assert b'"change-1"' in request.body
    assert "webhook-signature" not in request.headers


async def test_a_receiver_verifies_the_signature_with_either_secret(
    receiver: Receiver, opened: Open
) -> None:
    """While one is rotated, receivers hold the old or the new one."""
    webhook = opened(receiver.url, CMK_WEBHOOK_SECRET=f"{SECRET},{OTHER}")

    await webhook.post([change(name="\ud800 \u00fc")])

    (request,) = receiver.received
    for secret in (SECRET, OTHER):
        (event,) = Webhook(secret).verify(request.body, request.headers)
        assert event["data"]["name"] == "\ud800 \u00fc"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.body.replace(b"chat", b"chap") + b" ", request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(base64.b64encode(b"another key of enough bytes")).verify(
            request.body, request.headers
        )


async def test_a_repetition_carries_the_same_id(receiver: Receiver, opened: Open) -> None:
    """At least once means that some come twice: the receiver must be able to tell."""
    webhook = opened(receiver.url)
    receiver.answers(500)
    await failure_of(webhook)
    receiver.answers(200)

    await webhook.post([change()])
    await webhook.post([change(2)])

    failed, repeated, other = [request.headers["webhook-id"] for request in receiver.received]
    assert failed == repeated != other


async def test_what_is_too_large_comes_in_halves(receiver: Receiver, opened: Open) -> None:
    """The same batch again would be refused for ever."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        too_large = receiver.received[-1].body.count(b'"specversion"') > 2
        return web.Response(status=413 if too_large else 200)

    receiver.answer = answer

    await opened(receiver.url).post([change(number) for number in range(5)])

    taken = [each for each in receiver.received if each.body.count(b'"specversion"') <= 2]
    assert [f'"change-{n}"'.encode() in b"".join(t.body for t in taken) for n in range(5)] == [
        True
    ] * 5


async def test_a_batch_that_fails_for_now_is_not_divided(receiver: Receiver, opened: Open) -> None:
    """The whole batch is sent again later, so half of it would arrive twice."""
    receiver.answers(503)

    with pytest.raises(DeliveryFailed):
        await opened(receiver.url).post([change(1), change(2)])

    assert len(receiver.received) == 1


async def test_one_change_that_is_too_large_is_given_up(receiver: Receiver, opened: Open) -> None:
    """It can never arrive."""
    receiver.answers(413)

    assert (await failure_of(opened(receiver.url))).permanent


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [(429, "7", 7), (503, "120", 120), (429, "x", None), (500, "7", None)],
)
async def test_the_receiver_may_ask_for_a_pause(
    receiver: Receiver, opened: Open, status: int, header: str, seconds: float | None
) -> None:
    """Asked again too early, chats block a webhook for longer."""
    receiver.answers(status, Retry_After=header)

    assert (await failure_of(opened(receiver.url))).retry_after == seconds


@pytest.mark.parametrize("status", [302, 307])
async def test_redirects_are_not_followed(
    receiver: Receiver, serve: Callable[[str], Awaitable[Receiver]], opened: Open, status: int
) -> None:
    """They would lead past every check of the address, and carry the changes along."""
    elsewhere = await serve("https")
    receiver.answers(status, Location=elsewhere.url)

    failure = await failure_of(opened(receiver.url))

    assert elsewhere.received == []
    assert "redirects are not followed" in str(failure)
    assert elsewhere.url not in str(failure)
    assert not failure.permanent


async def test_the_code_of_an_answer_is_shown_and_nothing_else(
    receiver: Receiver, opened: Open
) -> None:
    """Slack says by it what is wrong; other text is a stranger's."""
    receiver.answers(400, "invalid_blocks")
    coded = await failure_of(opened(receiver.url))
    receiver.answers(400, "<b>evil</b> text")
    other = await failure_of(opened(receiver.url))

    assert "(invalid_blocks)" in str(coded)
    assert "evil" not in str(other)


async def test_p6_a_part_of_the_url_that_comes_back_is_not_shown(
    receiver: Receiver, opened: Open
) -> None:
    """P6: the URL is a secret, and its last part fits the form of a code."""
    receiver.url += "/hush_hush"
    receiver.answers(400, "hush_hush")

    assert "hush" not in str(await failure_of(opened(receiver.url)))


async def test_an_endless_answer_is_not_read(receiver: Receiver, opened: Open) -> None:
    """A receiver must not be able to fill the memory or hold the app."""
    sent = 0

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        while sent < 1 << 28:
            await response.write(b"x" * 65536)
            sent += 65536
        return response

    receiver.answer = answer

    failure = await failure_of(opened(receiver.url))

    assert "answered 500" in str(failure)
    assert sent < 1 << 26
