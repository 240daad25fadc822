"""The HTTP side of the host: routes, keys and the admin address, by the rules of Azure's host.

It tries functions in alphabetical order of their names. The first one whose template and method
match answers: literal routes have no precedence (FunctionMetadataManager and WebJobsRouteBuilder in
Azure/azure-functions-host). A wrong method is therefore 404.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from local.functions_host.admin import admin_input
from local.functions_host.data import HttpAnswer
from local.functions_host.functions import Function, HttpTrigger
from local.functions_host.invoker import Invoker
from local.functions_host.keys import Keys
from local.functions_host.request import decoded_path, key_of, read_request
from local.functions_host.routes import Route, compile_route

_ADMIN: Final = "/admin/"
_ADMIN_FUNCTIONS: Final = "/admin/functions/"
# Azure's limit for a request body: the default of FUNCTIONS_REQUEST_BODY_SIZE_LIMIT.
_MAX_BODY: Final = 100 * 1024**2
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# The server sets these itself, from the body that it really sends.
_FRAMING: Final = frozenset({"connection", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An HTTP function and its compiled route."""

    function: Function
    trigger: HttpTrigger
    route: Route


def compile_routes(functions: Iterable[Function], prefix: str) -> tuple[Endpoint, ...]:
    """Return the HTTP functions in the order in which a request tries them.

    Raises:
        StartError: This host does not support something in a template.
    """
    return tuple(
        Endpoint(function, function.trigger, compile_route(prefix, function.trigger.route))
        for function in sorted(functions, key=lambda function: function.name.casefold())
        if isinstance(function.trigger, HttpTrigger)
    )


class HttpServer:
    """Answers requests by invoking functions."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        functions: Iterable[Function],
        keys: Keys,
        invoker: Invoker,
    ) -> None:
        self._endpoints = endpoints
        self._functions = {function.name.casefold(): function for function in functions}
        self._keys = keys
        self._invoker = invoker

    def application(self) -> web.Application:
        """Return the server as an aiohttp application."""
        application = web.Application(client_max_size=_MAX_BODY)
        # A path can contain a line feed, which a plain dot does not match.
        application.router.add_route("*", "/{path:(?s:.*)}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        if not _is_text(request.headers.values()):
            return web.Response(status=400)
        path = decoded_path(request.rel_url.raw_path)
        if path.startswith(_ADMIN):
            return await self._administer(request, path)
        for endpoint in self._endpoints:
            methods = endpoint.trigger.methods
            params = endpoint.route.match(path)
            if params is not None and (methods is None or request.method in methods):
                return await self._call(endpoint, request, path, params)
        return web.Response(status=404)

    async def _call(
        self, endpoint: Endpoint, request: web.Request, path: str, params: dict[str, str]
    ) -> web.Response:
        function, level = endpoint.function, endpoint.trigger.level
        if not self._keys.allows(function.name, level, key_of(request)):
            return web.Response(status=401)
        outcome = await self._invoker.run(
            function,
            await read_request(request, path, params),
            {},
            may_send=request.method not in _SAFE_METHODS,
        )
        if outcome.failure is not None:
            return web.Response(status=500)
        return web.Response(status=204) if outcome.answer is None else _response(outcome.answer)

    async def _administer(self, request: web.Request, path: str) -> web.Response:
        """Start a timer's or queue's function for an operator, without waiting for its end."""
        if not self._keys.is_master(key_of(request)):
            return web.Response(status=401)
        function = self._functions.get(path.removeprefix(_ADMIN_FUNCTIONS).casefold())
        if request.method != "POST" or function is None:
            return web.Response(status=404)
        try:
            document = json.loads(await request.read() or b"{}")
            given = admin_input(function, str(document.get("input") or ""))
        except (ValueError, AttributeError):
            return web.Response(
                status=400, text='Send {"input": "..."}; HTTP functions have a URL.'
            )
        self._invoker.start(function, *given)
        return web.Response(status=202)


def _is_text(headers: Iterable[str]) -> bool:
    """Return whether all are UTF-8, as Kestrel requires; aiohttp accepts any bytes."""
    try:
        "".join(headers).encode()
    except UnicodeEncodeError:
        return False
    return True


def _response(answer: HttpAnswer) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body)
    response.headers.update(
        {name: value for name, value in answer.headers.items() if name.lower() not in _FRAMING}
    )
    for cookie in answer.cookies:
        response.headers.add("set-cookie", cookie)
    return response
