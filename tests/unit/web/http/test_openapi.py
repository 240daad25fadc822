"""The OpenAPI document, on which generators and testers rely."""

from typing import Any

import pytest

from cmk_check.config.http_auth import HttpAuth
from cmk_check.web import routes, scan_now
from cmk_check.web.http import openapi
from cmk_check.web.http.responses import XLSX
from tests.unit.web.api_kit import KINDS, Served, as_served
from tests.unit.web.asgi_client import send

ALLOWED = (*KINDS, "unknown")


def _document(http_auth: HttpAuth = "keys") -> dict[str, Any]:
    """Make the document again, because the app caches the first one."""
    served = [*routes.router.routes, *scan_now.router.routes]
    return openapi.document(served, http_auth, ALLOWED)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document of an app with keys."""
    return _document()


def _operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }


@pytest.mark.parametrize("http_auth", ["keys", "entra"])
async def test_it_is_served_as_it_is_made(empty: Served, http_auth: HttpAuth) -> None:
    """It depends on the settings of the app, and is the same for all callers."""
    app = empty.app(as_served(http_auth=http_auth, easy_auth=True))

    answer = await send(app, "/api/v1/openapi.json", {"x-ms-client-principal-id": "x"})

    assert (answer.status, answer.json) == (200, _document(http_auth))


def test_it_documents_the_routes_there_are(document: dict[str, Any]) -> None:
    """Each belongs to one subject; the routes and their parameters are in the reference pages."""
    assert document["openapi"].startswith("3.1.")
    operations = _operations(document)
    tags = {tag["name"] for tag in document["tags"]}
    assert {tag for each in operations.values() for tag in each["tags"]} == tags
    assert {len(each["tags"]) for each in operations.values()} == {1}
    assert operations["listFindings"]["summary"] == "Accounts with their verdicts"
    assert {"getStatus", "startScan", "mayStartScan", "getHealth"} <= set(operations)
    # Relative to the document, so that a forged Host header cannot redirect clients.
    assert [server["url"] for server in document["servers"]] == ["/"]
    assert (document["info"]["title"], document["info"]["version"]) == ("cmk_check", "1")


def test_it_documents_each_form_of_a_list(document: dict[str, Any]) -> None:
    """A generator that knows only JSON cannot fetch a table; no client offers another kind."""
    parameters = document["paths"]["/api/v1/findings"]["get"]["parameters"]
    schemas = {entry["name"]: entry["schema"] for entry in parameters}

    assert schemas["kind"]["enum"] == list(ALLOWED)
    answer = document["paths"]["/api/v1/findings"]["get"]["responses"]["200"]
    assert set(answer["content"]) == {"application/json", "text/csv", XLSX}
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/FindingsPage")
    assert set(answer["headers"]) == {"Content-Disposition", "Link"}


def test_every_error_is_the_envelope(document: dict[str, Any]) -> None:
    """FastAPI's own 422 is never answered; the 401 is the host's, which sends no body."""
    operations = _operations(document)
    del operations["getHealth"]  # whose 503 is an answer like its others
    for operation in operations.values():
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and status != "401":
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorResponse"}
        assert "422" not in operation["responses"]


def test_every_field_of_an_answer_is_required_but_the_links(document: dict[str, Any]) -> None:
    """Null means "there is none"; a missing field would be ambiguous."""
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema:
            optional = set(schema["properties"]) - set(schema["required"])
            links = {"nextLink", "deltaLink"} & set(schema["properties"])
            assert optional == (links if name.endswith("Page") else set())


@pytest.mark.parametrize(
    ("http_auth", "kind", "to_read", "to_start"),
    [("keys", "apiKey", "functionKey", "scanKey"), ("entra", "http", "entraId", "entraId")],
)
def test_it_documents_how_to_get_in(
    http_auth: HttpAuth, kind: str, to_read: str, to_start: str
) -> None:
    """With the key in a header, not in the URL; the key for reading cannot start scans."""
    document = _document(http_auth)

    schemes = document["components"]["securitySchemes"]
    assert set(schemes) == {to_read, to_start}
    assert {scheme["type"] for scheme in schemes.values()} == {kind}
    assert {scheme.get("name", "x-functions-key") for scheme in schemes.values()} == {
        "x-functions-key"
    }
    needed = {
        name: operation.get("security", document["security"])
        for name, operation in _operations(document).items()
    }
    assert needed.pop("getHealth") == []
    for name in ("startScan", "mayStartScan", "resendChanges"):
        assert needed.pop(name) == [{to_start: []}]
    assert all(each == [{to_read: []}] for each in needed.values())
