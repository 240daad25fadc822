"""The OpenAPI document: what the routes declare, and what platform and settings add to it."""

from typing import Any, Final

from fastapi import FastAPI

from cmk_check.auth_level import HttpAuth
from cmk_check.web.models import Error

TITLE: Final = "cmk_check"
VERSION: Final = "1"
DESCRIPTION: Final = (
    "Which Azure OpenAI accounts are encrypted with a customer-managed key, and which are not. "
    "Read-only. Times are UTC. Unknown parameters are refused."
)

type Responses = dict[int | str, dict[str, Any]]

_SCHEMES: Final[dict[HttpAuth, tuple[str, dict[str, str]]]] = {
    "keys": (
        "functionKey",
        {
            "type": "apiKey",
            "in": "header",
            "name": "x-functions-key",
            "description": "A key of the function `api`.",
        },
    ),
    "entra": (
        "entraId",
        {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token of Microsoft Entra ID for this app.",
        },
    ),
}
_RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "In seconds; for `StorageUnavailable`.",
        "schema": {"type": "integer"},
    }
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


def document(app: FastAPI, http_auth: HttpAuth, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Return the document of an app: OpenAPI 3.1."""
    made = app.openapi()
    name, scheme = _SCHEMES[http_auth]
    components = made["components"]
    components["securitySchemes"] = {name: scheme}
    made["security"] = [{name: []}]
    for operation in _operations(made):
        # FastAPI adds its own error to every operation with parameters; here it is a 400.
        operation["responses"].pop("422", None)
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "kind":
                parameter["schema"]["enum"] = list(kinds)
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return made


def _operations(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in made["paths"].values() for operation in path.values()]
