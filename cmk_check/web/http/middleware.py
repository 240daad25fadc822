"""Middleware of the HTTP API, which checks every request and handles the routes' failures.

The middleware implements ASGI directly, because Starlette raises an unexpected error again after it
has sent the response, and the Functions worker then drops the response.
"""

import logging
from collections import Counter
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cmk_check.config.http_auth import HttpAuth
from cmk_check.web.http.responses import error_answer

_LOGGER: Final = logging.getLogger(__name__)
# The query parameter that may contain the host's function key.
_KEY: Final = "code"
_PRINCIPAL: Final = "x-ms-client-principal-id"
# Replaces bytes that are not UTF-8.
_REPLACEMENT: Final = "\ufffd"


class RequestMiddleware:
    """ASGI middleware: requires a sign-in, removes the key from the query, reports failures.

    The host checks function keys, so the middleware checks only ``entra``.
    """

    def __init__(self, app: ASGIApp, http_auth: HttpAuth, *, easy_auth: bool) -> None:
        self._app = app
        self._is_checked_here = http_auth != "keys"
        self._easy_auth = easy_auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (refusal := self._refusal(scope)) is not None:
            await refusal(scope, receive, send)
            return
        started = False

        async def send_started(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(_clean_scope(scope), receive, send_started)
        except Exception:
            if started:
                raise
            _LOGGER.exception("The HTTP API failed.")
            text = "The app failed to handle the request; its log has the reason."
            failure = error_answer(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", text)
            await failure(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        # Without Easy Auth, callers can set the header of the principal themselves.
        principal = Headers(scope=scope).get(_PRINCIPAL, "").strip() if self._easy_auth else ""
        if self._is_checked_here and not principal:
            return error_answer(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "SignInNotConfigured",
                "CMK_HTTP_AUTH is entra, but this request arrived without a sign-in: turn on App "
                "Service Authentication for this app and require authentication.",
            )
        if _REPLACEMENT in scope["path"]:
            text = "The path must be UTF-8 with percent-encoding."
            return error_answer(HTTPStatus.BAD_REQUEST, "InvalidParameter", text)
        occurrences = Counter(name for name, _ in _parameters(scope) if name != _KEY)
        for name, times in occurrences.items():
            if times > 1:
                text = f"{name} must occur once in the query; it occurs {times} times."
                return error_answer(HTTPStatus.BAD_REQUEST, "InvalidParameter", text, name)
        return None


def _parameters(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _clean_scope(scope: Scope) -> Scope:
    """Remove the function key from the query, so that no link or log repeats it.

    HEAD is handled as GET. The response to HEAD also has a body, but the host does not send it.
    """
    kept = [(name, value) for name, value in _parameters(scope) if name != _KEY]
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    return {**scope, "method": method, "query_string": urlencode(kept).encode()}
