"""Pass requests from Azure Functions to the HTTP API, avoiding three bugs of Microsoft's adapter.

Microsoft's adapter raises an exception for a path that is not UTF-8 and for a very long
``X-Forwarded-Port`` header, and the host then responds with 500. The adapter also drops text after
a semicolon in the path's last segment.
"""

from typing import Final
from urllib.parse import quote, unquote_to_bytes, urlsplit

from azure.functions import AsgiMiddleware, Context, HttpRequest, HttpResponse
from starlette.types import ASGIApp

_PORT: Final = "x-forwarded-port"


class HttpAdapter:
    """Passes requests from the Functions host to an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._adapter = AsgiMiddleware(app)  # type: ignore[no-untyped-call] # the library types less

    async def handle_async(
        self, request: HttpRequest, context: Context | None = None
    ) -> HttpResponse:
        """Return the application's response to a request."""
        response: HttpResponse = await self._adapter.handle_async(_repair_path(request), context)
        return response


def _repair_path(request: HttpRequest) -> HttpRequest:
    """Encode a request's path so that Microsoft's adapter reads the whole path.

    Bytes that are not UTF-8 become the replacement character, which the HTTP API rejects.
    """
    url = urlsplit(request.url)
    path = unquote_to_bytes(url.path).decode(errors="replace")
    return HttpRequest(
        method=request.method,
        url=url._replace(path=quote(path)).geturl(),
        headers={name: text for name, text in request.headers.items() if name.lower() != _PORT},
        body=request.get_body(),
    )
