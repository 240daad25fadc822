"""A path reaches the app as Kestrel would hand it on, dots and encoded slashes included."""

import pytest

from local.functions_host.request import decoded_path


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        pytest.param("/api/a%20b", "/api/a b", id="decoded"),
        pytest.param("/api/a%2Fb%2f", "/api/a%2Fb%2f", id="slashes stay encoded"),
        pytest.param("/api/dashboard/../x", "/api/x", id="dots"),
        pytest.param("/api/dashboard/%2e%2e/x", "/api/x", id="encoded dots"),
        pytest.param("/api/./x/.", "/api/x/", id="single dots"),
        pytest.param("/../../x", "/x", id="not above the root"),
        pytest.param("/api//x", "/api//x", id="empty segments stay"),
        pytest.param("/", "/", id="root"),
        pytest.param("*", "/", id="no path"),
    ],
)
def test_a_path_is_decoded_before_routing(raw: str, decoded: str) -> None:
    """A function behind a catch-all must be tested with what it would really get."""
    assert decoded_path(raw) == decoded
