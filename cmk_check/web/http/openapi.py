"""The OpenAPI document: the routes' declarations, and what the platform and settings add."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from cmk_check.config.http_auth import HttpAuth
from cmk_check.web.models import ErrorResponse

_DESCRIPTION: Final = (
    "Shows which Azure OpenAI accounts are encrypted with a customer-managed key. "
    "The app only reads from Azure. Times are in UTC. Unknown parameters are rejected."
)


# The subjects of the operations; generators make a module of each.
type Tag = Literal["results", "changes", "scans", "app"]
_TAGS: Final[Mapping[Tag, str]] = {
    "results": "The posture, the accounts and the subscriptions, as the last scans found them.",
    "changes": "What changed, for programs that poll.",
    "scans": "The history of scans, and the start of one.",
    "app": "The app itself: its reasons, its contract and its health.",
}

type Responses = dict[int | str, dict[str, Any]]

_HOST_KEY: Final = {"type": "apiKey", "in": "header", "name": "x-functions-key"}
_ENTRA: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A Microsoft Entra ID token for this app.",
}
# One per function key: a key opens one function, and a separate function starts scans.
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
        "description": "Seconds to wait; sent with `StorageUnavailable` and `TooManyRequests`.",
        "schema": {"type": "integer"},
    }
}

# What the function `api` serves; the key of `scan_now` opens the rest.
_READ_PATHS: Final = "/api/v1/"

_SCHEMA_PATH: Final = "#/components/schemas/"
_ERROR: Final = {"$ref": _SCHEMA_PATH + ErrorResponse.__name__}

# Described by hand, because the health function does not load the API.
HEALTH: Final = "/api/health"
_HEALTH_BODY: Final = {
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
    "tags": ["app"],
    "operationId": "getHealth",
    "summary": "Whether the app can answer",
    "description": "For load balancers and uptime monitors. Needs no key. HEAD also works.",
    "security": [],
    "responses": {
        "200": {
            "description": "The app can answer, with fresh or stale data.",
            "content": _HEALTH_BODY,
        },
        "503": {"description": "The app cannot answer.", "content": _HEALTH_BODY},
    },
}


def error(description: str) -> dict[str, Any]:
    """Return the description of an error response.

    The reference replaces ``"model": ErrorResponse``: FastAPI would build a validator from it for
    each error of each route at every start, which takes most of the API's build time.
    """
    return {"description": description, "content": {"application/json": {"schema": _ERROR}}}


ERRORS: Final[Responses] = {
    400: error("A parameter is unknown, invalid or given twice."),
    401: {"description": "Not authorised; sent by the host or the platform, without a body."},
    500: error("The app failed."),
    503: error("The app cannot use its storage, or no sign-in is configured.")
    | {"headers": _RETRY_AFTER},
}


# The errors of lists that may walk through a whole table.
LIST_ERRORS: Final[Responses] = ERRORS | {
    429: error("The app is busy with other lists.") | {"headers": _RETRY_AFTER}
}


def document(
    routes: Sequence[BaseRoute], http_auth: HttpAuth, kinds: tuple[str, ...]
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of these routes."""
    contract = get_openapi(
        title="cmk_check",
        version="1",
        description=_DESCRIPTION,
        routes=routes,
        contact={"name": "the cmk_check authors"},
        license_info={"name": "MIT", "identifier": "MIT"},
        # Relative to the document, so that a caller's Host header leads no client away.
        servers=[{"url": "/", "description": "The app that serves this document."}],
        tags=[{"name": tag, "description": text} for tag, text in _TAGS.items()],
    )
    components = contract["components"]
    # The error responses refer to these.
    schema = ErrorResponse.model_json_schema(
        mode="serialization", ref_template=_SCHEMA_PATH + "{model}"
    )
    schemas = {**components["schemas"], **schema.pop("$defs"), ErrorResponse.__name__: schema}
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = _SCHEMES[http_auth]
    contract["security"] = [{next(iter(_SCHEMES[http_auth])): []}]
    for path, operations in contract["paths"].items():
        for operation in operations.values():
            # FastAPI adds its own error to every operation with parameters; here it is a 400.
            operation["responses"].pop("422", None)
            if http_auth == "keys" and not path.startswith(_READ_PATHS):
                operation["security"] = [{_START: []}]
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "kind":
                    parameter["schema"]["enum"] = list(kinds)
    contract["paths"][HEALTH] = {"get": _HEALTH}
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return contract
