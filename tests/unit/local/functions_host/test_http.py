"""Requests to a real app in a real host process: the rules that Azure's host would apply."""

from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from aiohttp import ClientSession

from local.functions_host.process import FunctionsHost

pytestmark = pytest.mark.long


async def _seen(client: ClientSession, host: FunctionsHost, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what the app's catch-all function saw of a request."""
    headers = {"x-functions-key": host.keys.default, **options.pop("headers", {})}
    method = options.pop("method", "GET")
    async with client.request(method, path, headers=headers, **options) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_the_first_function_by_name_whose_route_matches_answers(
    http_host: FunctionsHost, client: ClientSession
) -> None:
    """A literal route has no precedence: the app must not rely on one."""
    seen = await _seen(client, http_host, "/api/items/literal")

    assert (seen["function"], seen["path"]) == ("a_rest", "literal")


@pytest.mark.parametrize("name", ["x-functions-key", "accept"])
def test_a_header_that_is_no_text_is_refused_before_anybody_looks_at_it(
    http_host: FunctionsHost, name: str
) -> None:
    """No key and no function can be compared with bytes that are not UTF-8."""
    with closing(HTTPConnection(http_host.url.removeprefix("http://"), timeout=10)) as client:
        client.request("GET", "/api/items/1", headers={name: b"\xff\xfe"})
        answer = client.getresponse()

        assert (answer.status, answer.read()) == (400, b"")


@pytest.mark.parametrize(
    ("method", "path"), [("HEAD", "/api/items/1"), ("OPTIONS", "/api/items/1"), ("GET", "/")]
)
async def test_what_no_function_lists_is_not_found(
    client: ClientSession, method: str, path: str
) -> None:
    """A method is part of the route: 404, never 405, whoever asks."""
    async with client.request(method, path) as answer:
        assert answer.status == 404


async def test_a_request_arrives_as_from_azures_host(
    http_host: FunctionsHost, client: ClientSession
) -> None:
    """Path decoded, no empty query values, repeated ones joined, the body raw."""
    seen = await _seen(
        client,
        http_host,
        "/api/items/a%20b/c?x=1&empty=&x=2",
        method="POST",
        headers={"X-Own": "Value"},
        data=b"\x00\xff",
    )

    assert seen["path"] == "a b/c"
    assert seen["url"] == f"{http_host.url}/api/items/a%20b/c?x=1&empty=&x=2"
    assert seen["params"] == {"x": "1,2"}
    assert seen["headers"]["x-own"] == "Value"
    assert seen["body"] == "\x00\xff"
