"""The API behind the adapter it runs behind on Azure: ``azure.functions.AsgiMiddleware``."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import azure.functions as func
import pytest

from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.web.scan_now import create_app
from tests.unit.web.api_kit import AS_SERVED, Served, sample
from tests.unit.web.asgi_client import send

BASE = "https://func-cmk.azurewebsites.net"


async def _ask(
    served: Served, target: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> func.HttpResponse:
    """Hand a request over as the Functions worker does: host and query inside the URL."""
    request = func.HttpRequest(
        method=method,
        url=BASE + target,
        headers={"host": "func-cmk.azurewebsites.net", **(headers or {})},
        body=b"",
    )
    adapter = func.AsgiMiddleware(served.app())  # type: ignore[no-untyped-call]
    answer = await adapter.handle_async(request)
    assert isinstance(answer, func.HttpResponse)
    return answer


async def test_an_answer_is_the_apps_own() -> None:
    """Path, query and headers come through in both directions."""
    served = await sample()
    target = "/api/v1/findings?verdict=compliant"

    answer = await _ask(served, f"{target}&code=s3cret")

    direct = await send(served.app(), target)
    assert (answer.status_code, answer.get_body()) == (200, direct.body)
    assert {name: answer.headers[name] for name in direct.headers} == direct.headers
    assert answer.mimetype == "application/json; charset=utf-8"


async def test_a_next_link_works_when_it_is_followed() -> None:
    """Its scheme and host are those that the caller used."""
    served = await sample()
    first = await send(
        served.app(), "/api/v1/findings?top=1", {"host": "func-cmk.azurewebsites.net"}
    )
    assert first.json["nextLink"].startswith(f"{BASE}/api/v1/findings?")
    link = urlsplit(first.json["nextLink"])

    answer = await _ask(served, f"{link.path}?{link.query}")

    assert answer.status_code == 200
    assert b'"name":"Chat"' in answer.get_body()


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/api/v1/nothing", "GET", 404),
        ("/api/v1/", "GET", 404),
        ("/api/v1/status", "POST", 405),
        ("/api/v1/status?top=1", "GET", 400),
    ],
)
async def test_errors_come_through_with_their_envelope(
    target: str, method: str, status: int
) -> None:
    """The host turns what is raised into a 500 without a body."""
    answer = await _ask(Served(), target, method=method)

    assert answer.status_code == status
    assert answer.get_body().startswith(b'{"error":{"code":"')


async def test_a_304_comes_through_without_a_body() -> None:
    """It is what makes polling cheap."""
    served = await sample()
    etag = (await _ask(served, "/api/v1/status")).headers["etag"]

    answer = await _ask(served, "/api/v1/status", {"if-none-match": etag})

    assert (answer.status_code, answer.get_body()) == (304, b"")


async def test_a_post_starts_a_scan_whatever_its_body_holds() -> None:
    """Clients send nothing, `{}` or a form; none of it means anything here."""

    async def ask() -> StartAnswer:
        return StartAnswer(StartOutcome.STARTED, "20261125T120000Z-3fa9")

    request = func.HttpRequest(
        method="POST", url=f"{BASE}/api/scan?code=s3cret", headers={"host": "x"}, body=b"<no json"
    )
    adapter = func.AsgiMiddleware(create_app(ask, AS_SERVED))  # type: ignore[no-untyped-call]

    answer = await adapter.handle_async(request)

    assert (answer.status_code, answer.get_body()) == (202, b'{"id":"20261125T120000Z-3fa9"}')
    assert answer.headers["location"].endswith("/api/v1/scans/20261125T120000Z-3fa9")
