"""The client of the HTTP API: the key stays with one host, and failures end."""

import gzip
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.evidence.api_client import ApiClient, ApiUnusable, app_url, pages
from cmk_check.inventory.http_session import open_session
from cmk_check.limits import API_PAUSES_SECONDS, LONGEST_API_PAUSE_SECONDS, MAX_ARM_BODY_MIB
from cmk_check.ports import InventoryError
from tests.unit.evidence.export_kit import Pauses

KEY = "the-key-of-the-app"

type Answers = Callable[[web.Request], web.Response]


class _App:
    """An app that notes the requests it gets."""

    def __init__(self, answers: Answers) -> None:
        self.requests: list[tuple[str, str | None]] = []
        self.pauses = Pauses()
        self._answers = answers

    async def handle(self, request: web.Request) -> web.Response:
        """Answer as the test says."""
        self.requests.append((str(request.rel_url), request.headers.get("x-functions-key")))
        return self._answers(request)


async def _authorise() -> Mapping[str, str]:
    return {"x-functions-key": KEY}


@asynccontextmanager
async def _served(answers: Answers) -> AsyncIterator[tuple[ApiClient, _App]]:
    app = _App(answers)
    site = web.Application()
    site.router.add_route("*", "/{path:.*}", app.handle)

    async with TestServer(site) as server:
        url = app_url(str(server.make_url("/")))
        async with open_session(str(url)) as session:
            yield ApiClient(session, url, _authorise, app.pauses), app


async def test_a_link_to_another_host_does_not_get_the_key() -> None:
    """Of a link only the query is used: whoever can forge an answer must not get the key."""

    def answer(request: web.Request) -> web.Response:
        link = "https://evil.test/api/v1/findings?top=1&skipToken=a%2Bb%3D"
        body = {"value": [1]} if "skipToken" in request.query else {"value": [], "nextLink": link}
        return web.json_response(body)

    async with _served(answer) as (client, app):
        found = [document async for _, document in pages(client, "findings", {"top": "1"})]

    assert found[-1] == {"value": [1]}
    assert app.requests == [
        ("/api/v1/findings?top=1", KEY),
        ("/api/v1/findings?top=1&skipToken=a%2Bb%3D", KEY),
    ]


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        # Followed, it could lead the key to another host, or to a page that asks for a sign-in.
        (302, KEY, "302: redirects are not followed"),
        (401, KEY, "use a valid key of the function api"),
        (403, KEY, "let this identity read the app"),
        (404, KEY, "check that --url is the address"),
        (418, KEY, "look at the app's log"),
        (503, "NewerVersionNeeded", "deploy the newer version of cmk_check again"),
        (503, "EarlierBuild", "delete the app's tables"),
    ],
)
async def test_a_refusal_says_what_to_do_and_never_the_key(
    status: int, code: str, advice: str
) -> None:
    """The message ends up in the log of a pipeline; no pause ends any of these."""
    error = web.json_response(
        {"error": {"code": code, "message": KEY}},
        status=status,
        headers={"location": "/api/v1/elsewhere"},
    )

    async with _served(lambda _: error) as (client, app):
        with pytest.raises(ApiUnusable, match=advice) as refused:
            await client.get("status")

    assert KEY not in str(refused.value)
    assert len(app.requests) == 1


async def test_a_failure_that_passes_is_tried_again() -> None:
    """The storage of the app was away for a moment, and the app said for how long."""
    answers = iter(
        [
            web.Response(status=503, headers={"retry-after": "7"}),
            web.Response(status=429, headers={"retry-after": "9999"}),
            web.json_response({"value": []}, headers={"etag": '"x"'}),
        ]
    )

    async with _served(lambda _: next(answers)) as (client, app):
        answer = await client.get("status")

    assert (answer.body, answer.headers["etag"]) == (b'{"value": []}', '"x"')
    assert app.pauses.seconds == [7, LONGEST_API_PAUSE_SECONDS]


async def test_a_failure_that_stays_ends() -> None:
    """With the code of the app's error, after a known number of tries."""
    error = {"error": {"code": "StorageUnavailable", "message": "", "target": None}}

    async with _served(lambda _: web.json_response(error, status=503)) as (client, app):
        with pytest.raises(ApiUnusable, match=r"503 \(StorageUnavailable\)"):
            await client.get("status")

    assert len(app.requests) == len(API_PAUSES_SECONDS) + 1


async def test_what_is_the_same_is_not_sent_again() -> None:
    """304 is an answer only to whoever named a version."""
    async with _served(lambda _: web.Response(status=304, headers={"etag": '"x"'})) as (
        client,
        _app,
    ):
        assert (await client.get("status", if_none_match='"x"')).status == 304
        with pytest.raises(ApiUnusable, match="304"):
            await client.get("status")


async def test_an_answer_without_an_end_is_refused() -> None:
    """However well it is packed, it must not fill the memory."""
    packed = gzip.compress(bytes(MAX_ARM_BODY_MIB * 1024**2 + 1))
    answer = web.Response(body=packed, headers={"content-encoding": "gzip"})

    async with _served(lambda _: answer) as (client, _app):
        with pytest.raises(ApiUnusable, match="a response that is too large"):
            await client.get("status")


async def test_a_host_that_is_away_is_named() -> None:
    """Without the text of the library, and after a few tries."""
    url = URL("http://127.0.0.1:9")

    async with open_session(str(url)) as session:
        client = ApiClient(session, url, _authorise, Pauses())
        with pytest.raises(ApiUnusable, match=r"127\.0\.0\.1:9 cannot be reached"):
            await client.get("status")


async def test_a_sign_in_that_fails_says_why_itself() -> None:
    """No answer of the app is to blame for it."""

    async def refused() -> Mapping[str, str]:
        raise InventoryError(Gap(GapReason.UNREACHABLE, detail="No token."))

    url = URL("http://127.0.0.1:9")
    async with open_session(str(url)) as session:
        with pytest.raises(InventoryError, match="No token"):
            await ApiClient(session, url, refused, Pauses()).get("status")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("http://cmk.example", "must use https"),
        ("https://me:secret@cmk.example", "must be the URL of the app"),
        ("cmk.example", "must be the URL of the app"),
        ("https://cmk.example/?code=secret", "must be the URL of the app"),
        ("https://169.254.169.254", "must not have an address that is link-local"),
        ("https://cmk.example/#x", "must be the URL of the app"),
    ],
)
def test_an_address_that_would_lose_the_key_is_refused(text: str, fault: str) -> None:
    """In clear text, or to the metadata service; and nothing secret is repeated."""
    with pytest.raises(ValueError, match=fault) as refused:
        app_url(text)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["https://cmk.example", "https://cmk.example/base/", "http://127.0.0.1:7071"]
)
def test_an_address_of_an_app_is_taken(text: str) -> None:
    """With a path for those who put a gateway in front, and this machine's own without TLS."""
    assert str(app_url(text) / "api/v1/status") == text.rstrip("/") + "/api/v1/status"


def _page(link: str) -> bytes:
    return json.dumps({"value": [], "nextLink": link}).encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        # Otherwise the download would fill the disk.
        (_page("https://cmk.example/?skipToken=x"), "repeats an earlier page"),
        *((_page(f"http://{link}"), "is not a URL") for link in ("a:port/?a=b", "a\\b/?a", "[::")),
        # A proxy's page with 200 must not become an empty list.
        *((body, "check that --url is cmk_check") for body in (b"<html>", b"[]", b"[" * 100_000)),
    ],
    ids=range(7),
)
async def test_a_list_that_leads_nowhere_is_refused(body: bytes, said: str) -> None:
    """The app behind --url, or what stands before it, wrote it: it is no bug of ours."""
    async with _served(lambda _: web.Response(body=body)) as (client, _app):
        with pytest.raises(ApiUnusable, match=said):
            assert [page async for page in pages(client, "findings")]
