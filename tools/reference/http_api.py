"""The HTTP API, from the OpenAPI document that the app generates."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from cmk_check.web import routes as api
from cmk_check.web import scan_now
from cmk_check.web.http import openapi
from tools.reference.documents import code, one_line, table

# Longer lists of values are on pages of their own.
_SHORT: Final = 7
_KEYS: Final = {"functionKey": "`api`", "scanKey": "`scan_now`"}

type _Schema = Mapping[str, Any]


def routes() -> str:
    """Write a table of all operations."""
    contract = _contract()
    rows = [
        (code(name), operation["summary"], _key(operation.get("security", contract["security"])))
        for name, operation in _operations().items()
    ]
    return table(("route", "answer", "key of"), rows)


def parameters(method: str, path: str) -> str:
    """Write a table of the parameters of an operation."""
    name = f"{method} {path}"
    rows = [
        (
            code(each["name"]),
            str(each["schema"].get("default", "none")),
            f"{one_line(each.get('description'), f'{name}: {each["name"]}')}{_allowed(each)}",
        )
        for each in _operations()[name]["parameters"]
    ]
    return table(("parameter", "default", "meaning"), rows)


def schemas() -> str:
    """Write a section for each schema, with its fields."""
    named = _contract()["components"]["schemas"]
    return "\n\n".join(
        "\n".join(_section(name, schema))
        for name, schema in named.items()
        if "properties" in schema
    )


@cache
def _contract() -> dict[str, Any]:
    return openapi.document([*api.router.routes, *scan_now.router.routes], "keys", ())


def _operations() -> dict[str, _Schema]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in _contract()["paths"].items()
        for method, operation in methods.items()
    }


def _key(security: list[Mapping[str, object]]) -> str:
    return "".join(_KEYS[name] for scheme in security for name in scheme) or "none"


def _allowed(parameter: _Schema) -> str:
    schema = _resolved(parameter["schema"])
    if 0 < len(values := schema.get("enum", ())) <= _SHORT:
        return f" One of {', '.join(map(code, values))}."
    if "maximum" in schema:
        return f" {schema['minimum']} to {schema['maximum']}."
    return ""


def _resolved(schema: _Schema) -> _Schema:
    if "anyOf" in schema:
        return _resolved(schema["anyOf"][0])
    if reference := schema.get("$ref"):
        found: _Schema = _contract()["components"]["schemas"][reference.rpartition("/")[2]]
        return found
    return schema


def _section(name: str, schema: _Schema) -> Iterator[str]:
    yield f"## {name}\n\n{one_line(schema.get('description'), name)}\n"
    for field, of_field in schema["properties"].items():
        # A description that is the type's own is left out.
        text = of_field.get("description") or _resolved(of_field).get("description")
        told = one_line(text, f"{name}.{field}")
        yield f"- `{field}` ({_type(of_field)}): {told}"


def _type(schema: _Schema) -> str:
    """Name a type, with a link where it has fields; short lists of values are listed."""
    match schema:
        case {"anyOf": choices}:
            text = " or ".join(map(_type, choices))
        case {"$ref": reference} if "properties" in _resolved(schema):
            name = reference.rpartition("/")[2]
            text = f"[{name}](#{name.lower()})"
        case {"const": value}:
            text = code(value)
        case {"type": "array", "items": items}:
            text = f"list of {_type(items)}"
        case {"additionalProperties": Mapping() as of_value}:
            text = f"{_type(of_value)} by name"
        case {"format": "date-time"}:
            text = "time"
        case {"type": name} if "enum" not in schema:
            text = name
        case _:
            values = _resolved(schema).get("enum", ())
            text = ", ".join(map(code, values)) if 0 < len(values) <= _SHORT else "code"
    return text
