"""Every fault does what it says, to the requests it is meant for, as often as it was told."""

import asyncio
import json

import aiohttp
import pytest

from local.simulator import (
    FIRST_PAGE,
    ITSELF,
    PLAIN_HTTP,
    Answer,
    Close,
    Cut,
    Fault,
    Garble,
    Hold,
    NextLink,
    arm_error,
)
from tests.unit.local.simulator.plain_client import ACCOUNTS, Client

pytestmark = pytest.mark.long

LIST = "/subscriptions"


async def test_a_fault_meets_only_the_requests_it_matches_as_often_as_told(
    client: Client, production: str, sandbox: str
) -> None:
    """A fault that hits one request more makes a retry look broken."""
    fault = Fault(path="*/ACCOUNTS", times=2, then=arm_error(503, "ServerTimeout"))
    client.simulator.faults.add(fault)

    statuses = [
        (await client.get(path))[0]
        for path in (f"{production}{ACCOUNTS}", f"{sandbox}{ACCOUNTS}", f"{sandbox}{ACCOUNTS}")
    ]
    assert statuses == [503, 503, 200]
    assert client.simulator.faults.hits(fault) == 2
    assert (await client.get(LIST, version="2022-12-01"))[0] == 200


async def test_a_fault_can_be_meant_for_one_page(client: Client, sandbox: str) -> None:
    """A list that breaks on its second page is the one that tempts to take half for all."""
    client.simulator.faults.add(Fault(page=2, then=arm_error(500, "InternalServerError")))
    first, page, _ = await client.get(f"{sandbox}{ACCOUNTS}")
    second, _, _ = await client.get(page["nextLink"])

    assert (first, second) == (200, 500)


@pytest.mark.parametrize(
    ("fault", "met"),
    [
        (Fault(method="POST", then=Answer(status=599)), False),
        (Fault(query={"api-version": "2016-*"}, then=Answer(status=599)), False),
        (Fault(query={"api-version": "2022-*"}, then=Answer(status=599)), True),
        (Fault(path="re:/SUBSCRIPTIONS/?", then=Answer(status=599)), True),
        (Fault(path="re:/sub", then=Answer(status=599)), False),
    ],
)
async def test_requests_are_matched_by_method_path_and_query(
    client: Client, fault: Fault, *, met: bool
) -> None:
    """Each part of a pattern counts, and the whole path has to fit."""
    client.simulator.faults.add(fault)
    async with client.session.get(
        f"{client.simulator.url}{LIST}?api-version=2022-12-01"
    ) as response:
        assert (response.status == 599) is met


@pytest.mark.parametrize("retry_after", ["7", "Wed, 25 Nov 2026 09:00:00 GMT", "86400", None])
async def test_retry_after_is_sent_as_it_was_said(client: Client, retry_after: str | None) -> None:
    """Seconds, a date, a day and nothing at all are all seen in the wild."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    client.simulator.faults.add(
        Fault(then=arm_error(429, "SubscriptionRequestsThrottled", headers=headers))
    )
    status, body, response = await client.get(LIST)

    assert (status, body["error"]["code"]) == (429, "SubscriptionRequestsThrottled")
    assert response.headers.get("Retry-After") == retry_after


@pytest.mark.parametrize(
    ("answer", "body", "content_type"),
    [
        (Answer(body={"value": None}), b'{"value":null}', "application/json"),
        (Answer(body=""), b"", "text/plain"),
        (Answer(), b"", "application/json"),
        (Answer(status=503, body="<html>down</html>"), b"<html>down</html>", "text/html"),
        (Answer(body=b"\xff\xfe"), b"\xff\xfe", "application/json"),
    ],
)
async def test_a_body_is_sent_as_it_was_said(
    client: Client, answer: Answer, body: bytes, content_type: str
) -> None:
    """Odd bodies are what breaks deserialisers."""
    client.simulator.faults.add(Fault(then=answer))
    async with client.session.get(f"{client.simulator.url}{LIST}") as response:
        sent = await response.read()

    assert (response.status, sent) == (answer.status, body)
    assert response.content_type == content_type


async def test_an_answer_cut_off_is_not_mistaken_for_a_whole_one(client: Client) -> None:
    """The length was announced, so a client can tell."""
    client.simulator.faults.add(Fault(then=Cut(0.5)))
    async with client.session.get(f"{client.simulator.url}{LIST}") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()

    assert int(response.headers["Content-Length"]) > 0


async def test_a_garbled_answer_is_whole_but_no_json(client: Client) -> None:
    """Here the transport sees nothing wrong, so the parser has to."""
    client.simulator.faults.add(Fault(then=Garble()))
    with pytest.raises(json.JSONDecodeError):
        await client.get(LIST, version="2022-12-01")


async def test_a_connection_can_close_without_an_answer(client: Client) -> None:
    """It is recorded as asked and never answered."""
    client.simulator.faults.add(Fault(then=Close()))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.get(LIST, version="2022-12-01")

    assert {record.status for record in client.simulator.requests} == {None}


async def test_next_links_can_lead_astray(client: Client, sandbox: str) -> None:
    """To itself, back to the first page, to plain HTTP, and to another host."""
    faults, url = client.simulator.faults, f"{client.simulator.url}{sandbox}{ACCOUNTS}"
    links = []
    for then in (ITSELF, FIRST_PAGE, PLAIN_HTTP, NextLink("https://127.0.0.1:1{target}")):
        faults.add(Fault(page=2, times=1, then=then))
        _, page, _ = await client.get(f"{sandbox}{ACCOUNTS}")
        _, body, response = await client.get(page["nextLink"])
        links.append(body["nextLink"])

    target = str(response.url).removeprefix(client.simulator.url)
    assert links[0].startswith(f"{url}?api-version=2025-09-01&%24skiptoken=")
    assert links[1] == f"{url}?api-version=2025-09-01"
    assert links[2].startswith(f"http://127.0.0.1:{client.simulator.port}{sandbox}")
    assert links[3].startswith(f"https://127.0.0.1:1{target.partition('?')[0]}?")


async def test_a_held_request_waits_until_released(client: Client) -> None:
    """Tests change the world while an answer is under way."""
    hold = Hold()
    client.simulator.faults.add(Fault(path=LIST, hold=hold))
    asked = asyncio.create_task(client.get(LIST, version="2022-12-01"))
    await hold.reached()
    [record] = client.simulator.requests
    waiting = (asked.done(), record.status)
    hold.release()
    status, _, _ = await asked

    assert waiting == (False, None)
    assert status == 200
    assert client.simulator.requests[0].status == 200


async def test_a_hold_nobody_reaches_says_so(client: Client) -> None:
    """A test that waits for a request that never comes has to fail, not hang."""
    client.simulator.faults.add(Fault(hold=(hold := Hold())))
    with pytest.raises(TimeoutError, match="0 of 1"):
        await hold.reached(timeout=0.01)


async def test_clearing_the_faults_lets_held_requests_go(client: Client) -> None:
    """The end of a test must not hang on what it held."""
    hold = Hold()
    client.simulator.faults.add(Fault(hold=hold))
    asked = asyncio.create_task(client.get(LIST, version="2022-12-01"))
    await hold.reached()
    client.simulator.faults.clear()

    assert (await asked)[0] == 200


async def test_a_hundred_connections_are_served_at_once(client: Client) -> None:
    """A scan keeps up to a hundred requests in flight, each on a connection of its own."""
    hold = Hold()
    client.simulator.faults.add(Fault(hold=hold))
    asked = [client.get(LIST, version="2022-12-01") for _ in range(100)]
    answers = asyncio.gather(*asked)
    await hold.reached(100)
    hold.release()

    assert {status for status, _, _ in await answers} == {200}


async def test_a_delay_passes_before_the_answer(client: Client) -> None:
    """Measured from outside, because a delay that is skipped would hide a race."""
    client.simulator.faults.add(Fault(delay=0.05))
    loop = asyncio.get_running_loop()
    started = loop.time()
    await client.get(LIST, version="2022-12-01")

    assert loop.time() - started >= 0.05


async def test_another_origin_records_what_comes_to_it(client: Client) -> None:
    """A token that went astray is proven by the record of the host it went to."""
    foreign = client.simulator.foreign()
    status, body, _ = await client.get(f"{foreign.url}{LIST}")

    assert (status, body) == (200, {"value": []})
    assert [record.audience for record in foreign.requests] == [client.simulator.url]
    assert len(client.simulator.requests) == 0
