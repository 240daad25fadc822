"""Route templates match as ASP.NET's do, or the app would be reached by other URLs on Azure."""

import pytest

from local.functions_host.errors import StartError
from local.functions_host.routes import compile_route


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        pytest.param("health", "/api/health", {}, id="literal"),
        pytest.param("health", "/health", None, id="without the prefix"),
        pytest.param("health", "/api/health/x", None, id="more than the template"),
        pytest.param("items/{id}", "/api/items/a b", {"id": "a b"}, id="parameter"),
        pytest.param("items/{id}", "/api/items/a/b", None, id="parameter is one segment"),
        pytest.param("items/{id?}", "/api/items/1", {"id": "1"}, id="optional given"),
        pytest.param("items/{id:int}", "/api/items/x", None, id="not an int"),
        pytest.param("items/{id:int}", "/api/items/2147483648", None, id="beyond 32 bits"),
        pytest.param("items/{id:long}", "/api/items/2147483648", {"id": "2147483648"}, id="long"),
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
