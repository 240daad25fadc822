"""The OpenAPI document: what generators and testers take for the truth."""

from dataclasses import replace
from typing import Any

import pytest

from cmk_check.core.enums import Reason
from cmk_check.web.http.middleware import SignIn
from cmk_check.web.http.responses import XLSX
from tests.unit.web.api_kit import AS_SERVED, Served
from tests.unit.web.asgi_client import send


@pytest.fixture
async def document(empty: Served) -> dict[str, Any]:
    """The document as served."""
    answer = await send(empty.app(), "/api/v1/openapi.json")
    assert answer.status == 200
    document: dict[str, Any] = answer.json
    return document


def test_it_documents_the_routes_there_are(document: dict[str, Any]) -> None:
    """No more and no fewer."""
    assert document["openapi"].startswith("3.1.")
    assert {path: list(methods) for path, methods in document["paths"].items()} == {
        "/api/v1/status": ["get"],
        "/api/v1/findings": ["get"],
        "/api/v1/findings/{id}/lastChange": ["get"],
        "/api/v1/findings/{id}": ["get"],
        "/api/v1/owners": ["get"],
        "/api/v1/keys": ["get"],
        "/api/v1/subscriptions": ["get"],
        "/api/v1/changes": ["get"],
        "/api/v1/scans": ["get"],
        "/api/v1/scans/{id}": ["get"],
        "/api/v1/metrics": ["get"],
        "/api/v1/reasons": ["get"],
        "/api/v1/controls": ["get"],
        "/api/v1/openapi.json": ["get"],
        "/api/scan": ["get", "post"],
        "/api/health": ["get"],
    }


def test_every_operation_says_in_words_what_it_is_for(document: dict[str, Any]) -> None:
    """Viewers and generators show the summary alone; a function's name says nothing."""
    assert {
        operation["operationId"]: operation["summary"]
        for path in document["paths"].values()
        for operation in path.values()
    } == {
        "getStatus": "The posture of the estate or of one subscription",
        "listFindings": "Accounts with their verdicts",
        "getLastChange": "The last change of one account that Azure knows",
        "getFinding": "One account with its history and remediation",
        "listOwners": "Owners with their accounts by verdict",
        "listKeys": "Keys with what depends on them",
        "listSubscriptions": "Subscriptions with their coverage",
        "listChanges": "The change feed, for pollers",
        "listScans": "The history of scans",
        "getScan": "One scan",
        "getMetrics": "The status as metrics",
        "getReasons": "What each reason means, what ends it and who has to act",
        "getControls": "Which controls of which frameworks a finding answers",
        "getContract": "This document",
        "startScan": "Start a scan of the estate or of some subscriptions",
        "mayStartScan": "Whether the caller may start scans",
        "getHealth": "Whether the app can answer",
    }


def test_it_documents_whose_it_is_and_where_it_is_served(document: dict[str, Any]) -> None:
    """Relative to the document: the Host header of a caller leads nobody away."""
    assert [server["url"] for server in document["servers"]] == ["/"]
    assert document["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    assert document["info"]["contact"] == {"name": "the cmk_check authors"}
    tags = {tag["name"] for tag in document["tags"]}
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert all(len(each["tags"]) == 1 for each in operations)
    assert {each["tags"][0] for each in operations} == tags


def test_it_documents_parameters_with_their_allowed_values(document: dict[str, Any]) -> None:
    """Whoever generates a client gets no value wrong."""
    parameters = document["paths"]["/api/v1/findings"]["get"]["parameters"]
    schemas = {entry["name"]: entry["schema"] for entry in parameters}

    assert list(schemas) == [
        "verdict",
        "reason",
        "kind",
        "location",
        "subscription",
        "keyHealth",
        "dataStores",
        "exception",
        "due",
        "azurePolicy",
        "owner",
        "unowned",
        "key",
        "q",
        "top",
        "skipToken",
        "format",
    ]
    assert schemas["verdict"]["$ref"] == "#/components/schemas/Verdict"
    assert document["components"]["schemas"]["Verdict"]["enum"] == [
        "compliant",
        "non_compliant",
        "unknown",
    ]
    assert schemas["reason"]["$ref"] == "#/components/schemas/Reason"
    assert document["components"]["schemas"]["Reason"]["enum"] == list(Reason)
    assert (schemas["format"]["enum"], schemas["format"]["default"]) == (
        ["json", "csv", "xlsx"],
        "json",
    )
    assert (schemas["q"]["maxLength"], schemas["location"]["maxLength"]) == (200, 100)
    assert schemas["kind"]["enum"] == ["OpenAI", "AIServices", "unknown"]
    assert (schemas["top"]["minimum"], schemas["top"]["maximum"]) == (1, 1000)
    assert schemas["top"]["default"] == 100
    assert "pattern" in schemas["subscription"]


def test_it_documents_every_form_of_the_list(document: dict[str, Any]) -> None:
    """A generator that knows of JSON alone cannot fetch a table."""
    answer = document["paths"]["/api/v1/findings"]["get"]["responses"]["200"]

    assert set(answer["content"]) == {"application/json", "text/csv", XLSX}
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/FindingsPage")
    assert set(answer["headers"]) == {"Content-Disposition", "Link"}


def test_coverage_is_asked_for_in_the_words_it_is_shown_in(document: dict[str, Any]) -> None:
    """A filter takes what the answer holds."""
    parameters = document["paths"]["/api/v1/subscriptions"]["get"]["parameters"]
    (asked,) = [entry["schema"] for entry in parameters if entry["name"] == "coverage"]
    schemas = document["components"]["schemas"]

    assert asked["$ref"] == schemas["Subscription"]["properties"]["coverage"]["$ref"]
    assert asked["$ref"] == schemas["Finding"]["properties"]["coverage"]["$ref"]


def test_every_error_is_the_envelope(document: dict[str, Any]) -> None:
    """FastAPI's own 422 is never answered; the 401 is the host's, which sends no body."""
    operations = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }
    del operations["getHealth"]  # whose 503 is an answer like its others
    for operation in operations.values():
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and status != "401":
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorResponse"}
        assert "422" not in operation["responses"]
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])


def test_every_field_of_an_answer_is_required_but_the_links(document: dict[str, Any]) -> None:
    """Null says "there is none"; a missing field says nothing."""
    links = {
        "FindingsPage": {"nextLink"},
        "OwnersPage": {"nextLink"},
        "KeysPage": {"nextLink"},
        "SubscriptionsPage": {"nextLink"},
        "ScansPage": {"nextLink"},
        "ChangesPage": {"nextLink", "deltaLink"},
    }
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema:
            optional = set(schema["properties"]) - set(schema["required"])
            assert optional == links.get(name, set())


@pytest.mark.parametrize(
    ("http_auth", "kind", "to_read", "to_start"),
    [("keys", "apiKey", "functionKey", "scanKey"), ("entra", "http", "entraId", "entraId")],
)
async def test_it_documents_how_to_get_in(
    empty: Served,
    http_auth: Any,  # noqa: ANN401
    kind: str,
    to_read: str,
    to_start: str,
) -> None:
    """With the key in a header, not in the URL; the one that reads starts nothing."""
    app = empty.app(replace(AS_SERVED, sign_in=SignIn(http_auth, easy_auth=True)))

    answer = await send(app, "/api/v1/openapi.json", {"x-ms-client-principal-id": "x"})

    schemes = answer.json["components"]["securitySchemes"]
    assert set(schemes) == {to_read, to_start}
    assert {scheme["type"] for scheme in schemes.values()} == {kind}
    assert {scheme.get("name", "x-functions-key") for scheme in schemes.values()} == {
        "x-functions-key"
    }
    assert answer.json["security"] == [{to_read: []}]
    for operation in answer.json["paths"]["/api/scan"].values():
        assert operation.get("security", answer.json["security"]) == [{to_start: []}]
    assert answer.json["paths"]["/api/health"]["get"]["security"] == []
