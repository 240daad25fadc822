"""The OpenAPI document: what the routes declare, and what platform and settings add to it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from cmk_check.config.http_auth import HttpAuth
from cmk_check.web.models import Error

TITLE: Final = "cmk_check"
VERSION: Final = "1"
DESCRIPTION: Final = (
    "Which Azure OpenAI accounts are encrypted with a customer-managed key, and which are not. "
    "Azure is only read. Times are UTC. Unknown parameters are refused."
)

type Responses = dict[int | str, dict[str, Any]]

_HOST_KEY: Final = {"type": "apiKey", "in": "header", "name": "x-functions-key"}
_ENTRA: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A token of Microsoft Entra ID for this app.",
}
# Per scheme; a key opens one function, so the one that starts a scan has its own.
_READ, _START = "functionKey", "scanKey"
_SCHEMES: Final[Mapping[HttpAuth, Mapping[str, Mapping[str, str]]]] = {
    "keys": {
        _READ: _HOST_KEY | {"description": "A key of the function `api`."},
        _START: _HOST_KEY | {"description": "A key of the function `scan_now`."},
    },
    "entra": {"entraId": _ENTRA},
}
_RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "In seconds; for `StorageUnavailable`.",
        "schema": {"type": "integer"},
    }
}

# By hand, because it is answered without the API, which would only delay it.
HEALTH: Final = "/api/health"
_SAID: Final = {
    "application/json": {
        "schema": {
            "type": "object",
            "properties": {
                "status": {"type": "string", "enum": ["ok", "stale", "unavailable"]},
            },
            "required": ["status"],
        }
    }
}
_HEALTH: Final[Mapping[str, Any]] = {
    "operationId": "getHealth",
    "summary": "Whether answers are to be had",
    "description": "For load balancers and uptime monitors, without a key; HEAD works as well.",
    "security": [],
    "responses": {
        "200": {"description": "Answers are to be had: fresh ones, or stale.", "content": _SAID},
        "503": {"description": "No answers are to be had.", "content": _SAID},
    },
}


def error(description: str) -> dict[str, Any]:
    """Document an error."""
    return {"model": Error, "description": description}


ERRORS: Final[Responses] = {
    400: error("A parameter is not known, not valid or given twice."),
    401: {"description": "No way in: the host or the platform answers, without a body."},
    500: error("The app failed."),
    503: error("The storage does not answer, or no sign-in is configured.")
    | {"headers": _RETRY_AFTER},
}


def document(
    routes: Sequence[BaseRoute], http_auth: HttpAuth, kinds: tuple[str, ...]
) -> dict[str, Any]:
    """Return the document of some routes: OpenAPI 3.1."""
    made = get_openapi(title=TITLE, version=VERSION, description=DESCRIPTION, routes=routes)
    components = made["components"]
    components["securitySchemes"] = _SCHEMES[http_auth]
    made["security"] = [{next(iter(_SCHEMES[http_auth])): []}]
    for path in made["paths"].values():
        for method, operation in path.items():
            # FastAPI adds its own error to every operation with parameters; here it is a 400.
            operation["responses"].pop("422", None)
            if method == "post" and http_auth == "keys":
                operation["security"] = [{_START: []}]
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "kind":
                    parameter["schema"]["enum"] = list(kinds)
    made["paths"][HEALTH] = {"get": _HEALTH}
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return made
