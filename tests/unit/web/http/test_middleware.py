"""All requests: headers, the shape of errors, and who may send requests."""

import logging
from dataclasses import asdict

import pytest
from opentelemetry import trace

from cmk_check.core.controls import CAUTION, CONTROLS
from cmk_check.core.reasons.catalogue import CATALOGUE
from cmk_check.ports import StoreRefused, StoreUnavailable
from tests.fakes.recording_store import RecordingStore
from tests.unit.web.api_kit import LAB, PRODUCTION, Served, as_served
from tests.unit.web.asgi_client import send

CHAT = (
    f"/api/v1/findings/subscriptions/{PRODUCTION}/resourceGroups/rg-ai/providers"
    "/Microsoft.CognitiveServices/accounts/Chat"
)
FROM_TABLES = [
    "/api/v1/status",
    "/api/v1/findings",
    CHAT,
    "/api/v1/subscriptions",
    "/api/v1/owners",
    "/api/v1/summary",
    "/api/v1/keys",
    "/api/v1/changes",
    "/api/v1/scans",
    "/api/v1/metrics",
]
ROUTES = [*FROM_TABLES, "/api/v1/reasons", "/api/v1/controls", "/api/v1/openapi.json"]
PRINCIPAL = {"x-ms-client-principal-id": "6f0c7a1e-0000-0000-0000-000000000000"}


def _failing(error: Exception) -> Served:
    async def fail(*_: object) -> None:
        raise error

    return Served(RecordingStore(before=fail))


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/api/v1/status", "GET", 200),
        ("/api/v1/status", "POST", 405),
        ("/api/v1/status", "HEAD", 200),
        ("/api/v1/status?x=1", "GET", 400),
        ("/api/v1/status?a=1&a=2", "GET", 400),
        ("/api/v1/nothing", "GET", 404),
        (f"/api/v1/status?subscription={LAB[:-1]}9", "GET", 404),
        (f"{CHAT}?format=csv", "GET", 400),
        ("/api/v1/findings?format=csv&top=0", "GET", 400),
    ],
)
async def test_every_answer_carries_the_headers(
    served: Served, target: str, method: str, status: int
) -> None:
    """A security team's data must not stay in caches or appear in another site's frame."""
    answer = await send(served.app(), target, method=method)
    unchanged = await send(served.app(), "/api/v1/status", {"if-none-match": "*"})

    assert (answer.status, unchanged.status) == (status, 304)
    for each in (answer, unchanged):
        assert each.headers["cache-control"] == "no-store"
        assert each.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in each.headers["content-security-policy"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("route", ROUTES)
async def test_each_route_is_read_only_and_passes_over_no_parameter(
    served: Served, route: str
) -> None:
    """If a filter were ignored, everything would seem to match it."""
    for method in ("POST", "DELETE", "OPTIONS"):
        answer = await send(served.app(), route, method=method)
        assert (answer.status, answer.error) == (405, ("MethodNotAllowed", None))
        assert answer.headers["allow"] == "GET, HEAD"
    answer = await send(served.app(), f"{route}?area=gap")
    assert (answer.status, answer.error) == (400, ("InvalidParameter", "area"))


@pytest.mark.parametrize("route", [*ROUTES, "/api/v1/nothing", "/api/v1/status?x=1"])
async def test_head_answers_as_get_does(served: Served, route: str) -> None:
    """Monitors and link checkers use HEAD; the server leaves out the body."""
    head, get = [await send(served.app(), route, method=method) for method in ("HEAD", "GET")]

    assert (head.status, head.headers) == (get.status, get.headers)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        "/api/v1/status/",
        "/docs",
        "/openapi.json",
        "/api/v1/../v1/status",
        "/api/v1/<script>",
    ],
)
async def test_other_paths_are_not_found_and_never_redirected(served: Served, path: str) -> None:
    """A redirect would repeat the Host header that a caller made up."""
    answer = await send(served.app(), path)

    assert (answer.status, answer.error) == (404, ("NotFound", None))
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StoreUnavailable("cmkscans: 500"), (503, "StorageUnavailable", "10")),
        (StoreRefused("grant it"), (503, "StorageUnavailable", "10")),
        (RuntimeError("s3cret"), (500, "InternalError", None)),
    ],
)
@pytest.mark.parametrize("route", FROM_TABLES)
async def test_a_failure_is_an_answer_and_only_the_log_has_its_reason(
    route: str, error: Exception, expected: object, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason names rows and roles. If an error were raised, callers would get no body."""
    answer = await send(_failing(error).app(), route)

    assert (answer.status, answer.error[0], answer.headers.get("retry-after")) == expected
    assert answer.headers["cache-control"] == "no-store"
    assert str(error) not in answer.body.decode()
    assert str(error) in caplog.text


async def test_the_catalogues_are_answered_while_the_storage_is_away() -> None:
    """The page can explain the data that it still shows; auditors need a mapping's source."""
    app = _failing(StoreUnavailable("away")).app()

    reasons = await send(app, "/api/v1/reasons")
    controls = await send(app, "/api/v1/controls")

    assert controls.json == {"caution": CAUTION, "value": [asdict(one) for one in CONTROLS]}
    assert reasons.json == [
        {
            "code": code,
            "area": area,
            "severity": entry.severity,
            "message": entry.message,
            "wayOut": entry.way_out,
            "actor": entry.actor,
            "when": entry.when,
        }
        for area, entries in CATALOGUE.items()
        for code, entry in entries
    ]


@pytest.mark.parametrize("route", ROUTES)
async def test_the_hosts_key_in_the_query_is_nobodys_parameter(
    served: Served, route: str, caplog: pytest.LogCaptureFixture
) -> None:
    """P6: it gives access to the app, so nothing behind the middleware may see it."""
    caplog.set_level(logging.DEBUG)

    answer = await send(served.app(), f"{route}?code=s3cret%3D%3D")

    assert answer.status == 200
    assert "s3cret" not in answer.body.decode() + str(answer.headers) + caplog.text


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("easy_auth", "headers", "status"),
    [
        (True, PRINCIPAL, 200),
        (True, {}, 503),
        (True, {"x-ms-client-principal-id": " "}, 503),
        (False, PRINCIPAL, 503),
    ],
)
async def test_entra_gives_no_data_without_easy_auth(
    served: Served, route: str, headers: dict[str, str], status: int, *, easy_auth: bool
) -> None:
    """The functions are anonymous then: with Easy Auth off, all data would be public."""
    app = served.app(as_served(http_auth="entra", easy_auth=easy_auth))
    served.store.log.clear()

    answer = await send(app, route, headers)

    assert answer.status == status
    if status == 503:
        assert answer.error == ("SignInNotConfigured", None)
        assert served.store.log == []


async def test_p6_no_telemetry_exports_a_request(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a tracer is set, FastAPI would export each request with its query and perhaps a key."""
    traced: list[str] = []

    class Provider(trace.TracerProvider):
        def get_tracer(
            self, instrumenting_module_name: str, *_: object, **__: object
        ) -> trace.Tracer:
            traced.append(instrumenting_module_name)
            return trace.NoOpTracer()

    monkeypatch.setattr(trace, "get_tracer_provider", Provider)

    answer = await send(served.app(), "/api/v1/status?code=s3cret")

    assert (answer.status, traced) == (200, [])
