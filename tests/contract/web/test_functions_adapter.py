"""The API behind the adapter that it runs behind on Azure, over Microsoft's own."""

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import quote, quote_from_bytes

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmk_check.asgi_adapter import HttpAdapter
from cmk_check.core.scan_request import StartAnswer, StartOutcome
from cmk_check.core.scope import Scope
from cmk_check.ports import StoreUnavailable, Table
from cmk_check.web.scan_now import create_app
from tests.fakes.recording_store import OperationName, RecordingStore
from tests.unit.web.api_kit import AS_SERVED, Served, coverage, finding, no_resend, sample
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
    return await HttpAdapter(served.app()).handle_async(request)


async def test_an_answer_is_the_apps_own() -> None:
    """Path, query and headers come through in both directions."""
    served = await sample()
    target = "/api/v1/findings?verdict=compliant"

    answer = await _ask(served, f"{target}&code=s3cret")

    direct = await send(served.app(), target)
    assert (answer.status_code, answer.get_body()) == (200, direct.body)
    assert {name: answer.headers[name] for name in direct.headers} == direct.headers
    assert answer.mimetype == "application/json; charset=utf-8"


@pytest.mark.parametrize("path", ["findings/%FF", "scans/%ED%A0%80", "findings/a;%F0%9F"])
async def test_a_path_that_is_not_utf8_is_refused(path: str) -> None:
    """Microsoft's adapter raises for it, and the host answers what is raised with a 500."""
    answer = await _ask(Served(), f"/api/v1/{path}")

    assert answer.status_code == 400
    assert answer.get_body().startswith(b'{"error":{"code":"InvalidParameter"')


@pytest.mark.parametrize("name", ["a;b", ";", "100%", "ü;", "a=1;c=2"])
async def test_a_name_leads_to_its_own_finding(name: str) -> None:
    """Microsoft's adapter drops what follows a semicolon: another account would be shown."""
    served = Served()
    await served.put(coverage(), [finding(name), finding("a")])
    url_of = finding(name).id.text

    answer = await _ask(served, "/api/v1/findings" + quote(url_of, safe="/;="))

    assert answer.status_code == 200
    assert json.loads(answer.get_body())["name"] == name


@pytest.mark.parametrize(
    ("path", "port", "status"),
    [
        # Otherwise the list would answer at addresses that nobody meant.
        ("findings;x?top=1", "443", 404),
        # Microsoft's adapter reads this header as a number, and Python refuses very long ones.
        ("status", "9" * 5000, 200),
    ],
)
async def test_odd_paths_and_ports_get_their_answer(path: str, port: str, status: int) -> None:
    """Only a semicolon in a name is part of it, and no caller decides on the port."""
    answer = await _ask(await sample(), f"/api/v1/{path}", {"X-Forwarded-Port": port})

    assert answer.status_code == status


@pytest.mark.parametrize("body", [b"", b"{}", b"\r\n"])
async def test_a_post_with_an_empty_body_starts_a_full_scan(body: bytes) -> None:
    """Clients send nothing, or `{}`."""

    async def ask(named: frozenset[str]) -> StartAnswer:
        assert not named
        return StartAnswer(StartOutcome.STARTED, "20261125T120000Z-3fa9")

    request = func.HttpRequest(
        method="POST", url=f"{BASE}/api/scan?code=s3cret", headers={"host": "x"}, body=body
    )

    answer = await HttpAdapter(create_app(ask, no_resend, AS_SERVED, Scope())).handle_async(request)

    assert (answer.status_code, answer.get_body()) == (202, b'{"id":"20261125T120000Z-3fa9"}')
    assert answer.headers["location"].endswith("/api/v1/scans/20261125T120000Z-3fa9")


async def _given_up(_: OperationName, __: Table, ___: str) -> None:
    """Stand for a storage that is frozen."""
    raise StoreUnavailable("cmkfindings: TimeoutError")


EMPTY, FROZEN = Served(), Served(RecordingStore(before=_given_up))


@pytest.mark.parametrize(
    ("served", "statuses"), [(EMPTY, {200, 404}), (FROZEN, {200, 404, 503})], ids=["up", "frozen"]
)
@given(
    path=st.sampled_from(["", "findings/", f"findings{finding().id.text}", "scans/", "status"]),
    tail=st.binary(max_size=40),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
def test_p10_no_bytes_in_a_path_break_the_answer(
    served: Served, statuses: set[int], path: str, tail: bytes, method: str
) -> None:
    """P10: what is not UTF-8 is the caller's fault, a store that is frozen is a 503, no more."""
    url = f"/api/v1/{path}{quote_from_bytes(tail, safe=';/')}"

    answer = asyncio.run(_ask(served, url, method=method))

    assert answer.status_code in statuses | {400, 405}
