"""Build the OpenAPI document: the routes' declarations, and additions for platform and settings.

openapi.toml contains everything that no route declares: texts, sign-in, and the health function.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from cmk_check.config.http_auth import HttpAuth
from cmk_check.core.text_files import read_toml
from cmk_check.web.models import ErrorResponse

# The subjects of the operations; client generators make a module of each subject.
type Tag = Literal["results", "changes", "scans", "app"]
_TEXTS: Final = read_toml(__package__, "openapi.toml")

type Responses = dict[int | str, dict[str, Any]]

# A key opens only one function, and a separate function starts scans.
_START: Final = "scanKey"
_SCHEMES: Final[Mapping[HttpAuth, Mapping[str, Mapping[str, str]]]] = _TEXTS["schemes"]
_RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "The seconds to wait, for `StorageUnavailable` and `TooManyRequests`.",
        "schema": {"type": "integer"},
    }
}

# The routes of the function `api`; the key of `scan_now` opens the others.
_READ_PATHS: Final = "/api/v1/"

_SCHEMA_PATH: Final = "#/components/schemas/"
_ERROR: Final = {"$ref": _SCHEMA_PATH + ErrorResponse.__name__}

HEALTH: Final = "/api/health"


def error(description: str) -> dict[str, Any]:
    """Return the description of an error response.

    The reference replaces ``"model": ErrorResponse``, from which FastAPI would build a validator
    for each error of each route at every start, which takes most of the API's build time.
    """
    return {"description": description, "content": {"application/json": {"schema": _ERROR}}}


ERRORS: Final[Responses] = {
    400: error("A parameter is unknown, invalid or given twice."),
    401: {"description": "The caller is not authorised. The host or the platform sends no body."},
    500: error("The app failed."),
    503: error("The app cannot use its storage, or sign-in is not configured.")
    | {"headers": _RETRY_AFTER},
}
# The errors of lists that may read a whole table.
LIST_ERRORS: Final[Responses] = ERRORS | {
    429: error("The app is busy with other requests for lists.") | {"headers": _RETRY_AFTER}
}


def document(
    routes: Sequence[BaseRoute], http_auth: HttpAuth, kinds: tuple[str, ...]
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of these routes."""
    contract = get_openapi(
        title="cmk_check",
        version="1",
        description=_TEXTS["description"],
        routes=routes,
        contact={"name": "the cmk_check authors"},
        license_info={"name": "MIT", "identifier": "MIT"},
        # Relative to the document, so that a caller's Host header cannot lead clients to another
        # host.
        servers=[{"url": "/", "description": "The app that serves this document."}],
        tags=[{"name": tag, "description": text} for tag, text in _TEXTS["tags"].items()],
    )
    components = contract["components"]
    # The error responses refer to these.
    template = _SCHEMA_PATH + "{model}"
    schema = ErrorResponse.model_json_schema(mode="serialization", ref_template=template)
    schemas = {**components["schemas"], **schema.pop("$defs"), ErrorResponse.__name__: schema}
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = _SCHEMES[http_auth]
    contract["security"] = [{next(iter(_SCHEMES[http_auth])): []}]
    for path, operations in contract["paths"].items():
        for operation in operations.values():
            # FastAPI adds its own error to every operation with parameters; in this API it is a
            # 400.
            operation["responses"].pop("422", None)
            if http_auth == "keys" and not path.startswith(_READ_PATHS):
                operation["security"] = [{_START: []}]
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "kind":
                    parameter["schema"]["enum"] = list(kinds)
    contract["paths"][HEALTH] = {"get": _TEXTS["health"]}
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return contract
