"""The rim of the API: what holds for every request, before a route sees it and after.

Written against ASGI itself, because Starlette raises an unexpected error again after answering it,
and the Functions worker then drops the answer.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cmk_check.config.http_auth import HttpAuth
from cmk_check.web.http.responses import error_answer

_LOGGER: Final = logging.getLogger(__name__)
# The host's function key, where a caller puts it into the URL.
_KEY: Final = "code"
_PRINCIPAL: Final = "x-ms-client-principal-id"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who lets callers in: the host by function keys, or Easy Auth by Entra ID."""

    http_auth: HttpAuth = "keys"
    easy_auth: bool = False

    def is_missing(self, headers: Mapping[str, str]) -> bool:
        """Tell whether anybody at all could have come this far.

        The principal counts only while Easy Auth is on: nothing else keeps callers from sending
        that header themselves.
        """
        if self.http_auth == "keys":
            return False
        return not (self.easy_auth and headers.get(_PRINCIPAL, "").strip())


class RequestMiddleware:
    """ASGI middleware: asks for a sign-in, takes the key out of the query, answers what failed."""

    def __init__(self, app: ASGIApp, sign_in: SignIn) -> None:
        self._app = app
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (refusal := self._refusal(scope)) is not None:
            await refusal(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(_without_key(scope), receive, watched)
        except Exception:
            if started:
                raise
            _LOGGER.exception("The HTTP API failed.")
            await _internal_error()(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if self._sign_in.is_missing(Headers(scope=scope)):
            return error_answer(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "SignInNotConfigured",
                "CMK_HTTP_AUTH is entra, but App Service Authentication let the request in "
                "without a sign-in: turn it on for this app and let it require authentication.",
            )
        given = Counter(name for name, _ in _parameters(scope) if name != _KEY)
        for name, times in given.items():
            if times > 1:
                text = f"{name} is given {times} times; give it once."
                return error_answer(HTTPStatus.BAD_REQUEST, "InvalidParameter", text, name)
        return None


def _parameters(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _without_key(scope: Scope) -> Scope:
    """Keep the key from everything behind: it is the host's, and a link or log could repeat it."""
    if not scope["query_string"]:
        return scope
    kept = [(name, value) for name, value in _parameters(scope) if name != _KEY]
    return {**scope, "query_string": urlencode(kept).encode()}


def _internal_error() -> Response:
    return error_answer(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "InternalError",
        "The request failed for a reason of this app's own; its log says which.",
    )
