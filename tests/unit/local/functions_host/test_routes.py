"""Route templates match as ASP.NET's do, or the app would be reached by other URLs on Azure."""

import pytest

from local.functions_host.errors import StartError
from local.functions_host.routes import compile_route


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        pytest.param("health", "/api/health", {}, id="literal"),
        pytest.param("health", "/API/Health", {}, id="literal in another case"),
        pytest.param("health", "/api/health/", {}, id="slash at the end"),
        pytest.param("health", "/health", None, id="without the prefix"),
        pytest.param("health", "/api/health/x", None, id="more than the template"),
        pytest.param("items/{id}", "/api/items/a b", {"id": "a b"}, id="parameter"),
        pytest.param("items/{id}", "/api/items/", None, id="parameter is required"),
        pytest.param("items/{id}", "/api/items/a/b", None, id="parameter is one segment"),
        pytest.param("items/{id?}", "/api/items", {}, id="optional left out"),
        pytest.param("items/{id?}", "/api/items/1", {"id": "1"}, id="optional given"),
        pytest.param("items/{id:int}", "/api/items/-7", {"id": "-7"}, id="int"),
        pytest.param("items/{id:int}", "/api/items/x", None, id="not an int"),
        pytest.param("items/{id:int}", "/api/items/2147483648", None, id="beyond 32 bits"),
        pytest.param("items/{id:long}", "/api/items/2147483648", {"id": "2147483648"}, id="long"),
        pytest.param("items/{id:int?}", "/api/items", {}, id="optional int left out"),
        pytest.param("items/{id:guid}", "/api/items/12", None, id="not a guid"),
        pytest.param("v1/{*path}", "/api/v1/a/b.c/", {"path": "a/b.c/"}, id="catch-all"),
        pytest.param("v1/{*path}", "/api/v1", {}, id="catch-all of nothing"),
        pytest.param("v1/{*path}", "/api/v1/", {}, id="catch-all of a slash"),
        pytest.param("v1/{*path}", "/api/v10", None, id="catch-all begins with a segment"),
        pytest.param("v1/{*path}", "/api/v1/a\nb", {"path": "a\nb"}, id="catch-all of a new line"),
        pytest.param("f/{name}.{kind}", "/api/f/a.js", {"name": "a", "kind": "js"}, id="mixed"),
    ],
)
def test_a_template_matches(template: str, path: str, values: dict[str, str] | None) -> None:
    """Which function answers, and with which values, depends on nothing else."""
    assert compile_route("api", template).match(path) == values


def test_an_empty_prefix_puts_routes_at_the_root() -> None:
    """Apps may set routePrefix to nothing."""
    assert compile_route("", "health").match("/health") == {}
    assert compile_route("", "").match("/") == {}
    assert compile_route("", "").match("/health") is None


@pytest.mark.parametrize("template", ["{id:range(1,2)}", "{id", "a{*rest}", "{a}/{a}", "{x=1}"])
def test_an_unknown_template_is_refused(template: str) -> None:
    """A route that is only nearly understood would answer wrongly and in silence."""
    with pytest.raises(StartError, match="cannot be used here"):
        compile_route("api", template)
