"""Requests as Azure's host would route and hand them on: the rules alone, and in a real host."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from aiohttp import ClientSession

from local.functions_host.errors import StartError
from local.functions_host.functions import AuthLevel
from local.functions_host.keys import Keys
from local.functions_host.process import FunctionsHost
from local.functions_host.request import decoded_path
from local.functions_host.routes import compile_route
from tests.functional.forked_host import ForkedHost

pytestmark = pytest.mark.long

_KEYS = Keys(master="m-key", default="d-key", functions={"api": "a-key", "scan": "s-key"})


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        pytest.param("health", "/api/health", {}, id="literal"),
        pytest.param("health", "/health", None, id="without the prefix"),
        pytest.param("health", "/api/health/x", None, id="more than the template"),
        pytest.param("items/{id}", "/api/items/a/b", None, id="parameter is one segment"),
        pytest.param("v1/{*path}", "/api/v1/a/b.c/", {"path": "a/b.c/"}, id="catch-all"),
        pytest.param("v1/{*path}", "/api/v1", {}, id="catch-all of nothing"),
        pytest.param("v1/{*path}", "/api/v10", None, id="catch-all begins with a segment"),
        pytest.param("v1/{*path}", "/api/v1/a\nb", {"path": "a\nb"}, id="catch-all of a new line"),
    ],
)
def test_a_template_matches(template: str, path: str, values: dict[str, str] | None) -> None:
    """Which function answers, and with which values, depends on nothing else."""
    assert compile_route("api", template).match(path) == values


@pytest.mark.parametrize("template", ["{id:range(1,2)}", "{id", "a{*rest}", "{a}/{a}", "{x=1}"])
def test_an_unknown_template_is_refused(template: str) -> None:
    """A route that is only nearly understood would answer wrongly and in silence."""
    with pytest.raises(StartError, match="cannot be used here"):
        compile_route("api", template)


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        pytest.param("/api/a%2Fb%2f", "/api/a%2Fb%2f", id="slashes stay encoded"),
        pytest.param("/api/dashboard/%2e%2e/x", "/api/x", id="encoded dots"),
        pytest.param("/../../x", "/x", id="not above the root"),
        pytest.param("/api/%c3%bc%c3/%ed%A0%80", "/api/ü%C3/%ED%A0%80", id="partly UTF-8"),
        pytest.param("*", "/", id="no path"),
    ],
)
def test_a_path_is_decoded_before_routing(raw: str, decoded: str) -> None:
    """A function behind a catch-all must be tested with what it would really get."""
    assert decoded_path(raw) == decoded


@pytest.mark.parametrize(
    ("level", "given", "opens"),
    [
        (AuthLevel.ANONYMOUS, None, True),
        (AuthLevel.FUNCTION, "kéy", False),
        (AuthLevel.FUNCTION, "a-key", True),
        (AuthLevel.FUNCTION, "s-key", False),
        (AuthLevel.ADMIN, "d-key", False),
        (AuthLevel.ADMIN, "m-key", True),
    ],
)
def test_a_key_opens_by_level(level: AuthLevel, given: str | None, opens: bool) -> None:  # noqa: FBT001
    """That one function's key opens no other is what the app's own keys rely on."""
    assert _KEYS.allows("api", level, given) is opens


@pytest.fixture(scope="module")
def host() -> Iterator[FunctionsHost]:
    """The test app in a host: one start for all of them."""
    with ForkedHost(Path(__file__).parent / "app", {}, timers=False) as running:
        yield running


@pytest.fixture
async def client(host: FunctionsHost) -> AsyncIterator[ClientSession]:
    """Connections to that host."""
    async with ClientSession(host.url, headers={"x-functions-key": host.keys.default}) as session:
        yield session


@pytest.mark.parametrize("name", ["x-functions-key", "accept"])
def test_a_header_that_is_no_text_is_refused_before_anybody_looks_at_it(
    host: FunctionsHost, name: str
) -> None:
    """No key and no function can be compared with bytes that are not UTF-8."""
    with closing(HTTPConnection(host.url.removeprefix("http://"), timeout=10)) as client:
        client.request("GET", "/api/items/1", headers={name: b"\xff\xfe"})
        answer = client.getresponse()

        assert (answer.status, answer.read()) == (400, b"")


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/api/items/1"), ("GET", "/")])
async def test_what_no_function_lists_is_not_found(
    client: ClientSession, method: str, path: str
) -> None:
    """A method is part of the route: 404, never 405, whoever asks."""
    async with client.request(method, path) as answer:
        assert answer.status == 404


async def test_a_request_arrives_as_from_azures_host(
    host: FunctionsHost, client: ClientSession
) -> None:
    """Path decoded, no empty query values, repeated ones joined, the body raw."""
    path = "/api/items/../items/a%20b%2Fc?x=1&empty=&x=2"

    async with client.post(path, headers={"X-Own": "Value"}, data=b"\x00\xff") as answer:
        seen = await answer.json()

    assert seen["path"] == "a b%2Fc"
    assert seen["url"] == f"{host.url}/api/items/a%20b%2Fc?x=1&empty=&x=2"
    assert seen["params"] == {"x": "1,2"}
    assert seen["headers"]["x-own"] == "Value"
    assert seen["body"] == "\x00\xff"


async def test_the_first_function_by_name_whose_route_matches_answers(
    client: ClientSession,
) -> None:
    """A literal route has no precedence: the app must not rely on one."""
    async with client.get("/api/items/literal") as answer:
        seen = await answer.json()

    assert (seen["function"], seen["path"]) == ("a_rest", "literal")
