"""The real DefaultAzureCredential at token endpoints that refuse, are silent or not trusted."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

# A process of its own: aiohttp reads the certificate authorities when it is imported.
SIGN_IN = """
import asyncio, sys
from cmk_check.inventory.credential import DeveloperCredential, SharedCredential, SignInFailed

async def main():
    inner = DeveloperCredential(managed_identity_client_id=None, authority=sys.argv[1])
    async with SharedCredential(inner) as shared:
        try:
            await shared.get_token("https://arm.test/.default")
        except SignInFailed as error:
            print(f"{error.gap.reason}: {error.gap.detail}")

asyncio.run(main())
"""
PRINCIPAL = {
    "AZURE_TENANT_ID": "00000001-0000-4000-8000-000000000000",
    "AZURE_CLIENT_ID": "00000002-0000-4000-8000-000000000000",
    "AZURE_CLIENT_SECRET": "hush",
    "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
}


async def _refuse(_request: web.Request) -> web.Response:
    body = {"error": "invalid_request", "error_description": "AADSTS90002: Tenant hush not found."}
    return web.json_response(body, status=400)


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[str]:
    """A token endpoint that knows no tenant; ``authority.pem`` in ``tmp_path`` is its authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _refuse)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(ssl=context)
    yield f"127.0.0.1:{server.port}"
    await server.close()


async def _why_not(authority: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SIGN_IN, authority),
        env=PRINCIPAL | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate()
    return out.decode().strip()


@pytest.mark.long
async def test_each_cause_is_told_from_the_others(endpoint: str, tmp_path: Path) -> None:
    """The SDK calls all of them an authentication that failed."""
    nobody = f"127.0.0.1:{unused_port()}"
    unknown_tenant, untrusted, closed, dead_proxy = await asyncio.gather(
        _why_not(endpoint, SSL_CERT_FILE=str(tmp_path / "authority.pem")),
        _why_not(endpoint),
        _why_not(nobody),
        _why_not("login.test", HTTPS_PROXY=f"http://hush:hush@{nobody}"),
    )

    assert unknown_tenant.startswith("unauthenticated: ")
    assert "tenant is wrong (AADSTS90002)" in unknown_tenant
    assert untrusted.startswith("unreachable: Azure's sign-in (127.0.0.1) has a certificate from")
    assert closed.startswith("unreachable: Azure's sign-in (127.0.0.1) cannot be reached. Check")
    assert dead_proxy.startswith("unreachable: ")
    assert "because the proxy 127.0.0.1 does not answer" in dead_proxy
    assert "hush" not in unknown_tenant + dead_proxy
