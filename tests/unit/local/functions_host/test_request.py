"""A path reaches the app as Kestrel would hand it on, dots and encoded slashes included."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from local.functions_host.request import decoded_path, read_request


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        pytest.param("/api/a%20b", "/api/a b", id="decoded"),
        pytest.param("/api/a%2Fb%2f", "/api/a%2Fb%2f", id="slashes stay encoded"),
        pytest.param("/api/dashboard/../x", "/api/x", id="dots"),
        pytest.param("/api/dashboard/%2e%2e/x", "/api/x", id="encoded dots"),
        pytest.param("/../../x", "/x", id="not above the root"),
        pytest.param("/api/%FF", "/api/%FF", id="not UTF-8 stays encoded"),
        pytest.param("/api/%c3%bc%c3/%ed%A0%80", "/api/ü%C3/%ED%A0%80", id="partly UTF-8"),
        pytest.param("*", "/", id="no path"),
    ],
)
def test_a_path_is_decoded_before_routing(raw: str, decoded: str) -> None:
    """A function behind a catch-all must be tested with what it would really get."""
    assert decoded_path(raw) == decoded


async def test_header_names_are_lower_case_and_repeated_headers_are_one() -> None:
    """That is how Azure's host sends them to the worker, whatever the caller wrote."""
    headers = CIMultiDict([("Host", "h"), ("X-Own", "1"), ("X-OWN", "2")])
    request = make_mocked_request("GET", "/api/x", headers=headers)

    read = await read_request(request, "/api/x", {})

    assert read.headers == {"host": "h", "x-own": "1,2"}


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/api/a b", "/api/a%20b"),
        ("/api/a%2Fb", "/api/a%2Fb"),
        ("/api/5%", "/api/5%25"),
        ("/api/%FF;", "/api/%FF;"),
    ],
)
async def test_the_url_is_the_routed_path_encoded_again(path: str, url: str) -> None:
    """An app that reads its URL must see no dots that routing did not see."""
    request = make_mocked_request("GET", "/api/../other", headers={"Host": "h"})

    read = await read_request(request, path, {})

    assert read.url == f"http://h{url}"
