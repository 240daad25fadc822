"""Terraform as text: parsed, compared with what the provider has, and made into a plan."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import hcl2

PROVIDERS: Final[Mapping[str, Any]] = tomllib.loads(
    Path(__file__).with_name("azurerm_arguments.toml").read_text()
)
# https://developer.hashicorp.com/terraform/language/meta-arguments
_META: Final = {"count", "depends_on", "lifecycle"}


class Expression(str):
    """An expression that is not a literal, such as ``var.vault_id``."""

    __slots__ = ()


def parsed(text: str) -> dict[str, Any]:
    """Return the blocks of a file by type, with their literals as values."""
    return {name: _plain(blocks) for name, blocks in hcl2.loads(text).items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of HCL
    if isinstance(value, dict):
        return {
            name.strip('"'): _plain(inner)
            for name, inner in value.items()
            if not name.startswith("__")
        }
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, str):
        return value
    if not value.startswith('"'):
        return Expression(value.removeprefix("${").removesuffix("}"))
    raw = value[1:-1]
    assert re.search(r"[$%]\{", raw) is None, "a template"
    return re.sub(r'\\(?:u(\w{4})|U(\w{8})|(["\\]))', _character, raw)


def _character(escape: re.Match[str]) -> str:
    return escape[3] or chr(int(escape[1] or escape[2], 16))


def blocks_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield the resources and data sources of a file: their sort, type, name and arguments."""
    for sort in ("resource", "data"):
        for entry in document.get(sort, ()):
            for kind, named in entry.items():
                for name, arguments in named.items():
                    yield sort, kind, name, arguments


def unknown_arguments(text: str) -> list[str]:
    """Return what a file uses and the provider does not have, and what it lacks."""
    document = parsed(text)
    found = list(_wrong("provider.azurerm", document["provider"][0]["azurerm"], _META))
    for sort, kind, _, arguments in blocks_of(document):
        found += _wrong(f"{sort}.{kind}", arguments, _META)
    return found


def _wrong(path: str, arguments: Mapping[str, Any], meta: set[str]) -> Iterator[str]:
    known: Any = PROVIDERS
    for name in path.split("."):
        known = known.get(name, {})
    required = set(known.get("required", ()))
    yield from (f"{path} lacks {name}" for name in required - arguments.keys())
    for name, value in arguments.items():
        if isinstance(known.get(name), dict):
            for block in value:
                yield from _wrong(f"{path}.{name}", block, set())
        elif name not in required | set(known.get("optional", ())) | meta:
            yield f"{path}.{name}"


def plan_document(text: str, **variables: object) -> dict[str, Any]:
    """Return what ``terraform show -json`` would print of a plan of this file.

    ``variables`` are those without a default that matter. A resource that is imported, or for which
    there is an account already, is updated; every other one is created.
    """
    document = parsed(text)
    given = {
        name: variable["default"]
        for entry in document.get("variable", ())
        for name, variable in entry.items()
        if "default" in variable
    } | variables
    adopted = {each["to"]: each["id"] for each in document.get("import", ())}
    changes = [
        _change(f"{kind}.{name}", kind, arguments, given, adopted)
        for sort, kind, name, arguments in blocks_of(document)
        if sort == "resource" and _count(arguments, given)
    ]
    return {"format_version": "1.2", "terraform_version": "1.14.0", "resource_changes": changes}


def _count(arguments: Mapping[str, Any], given: Mapping[str, object]) -> bool:
    match = re.fullmatch(r"var\.(\w+) \? (\d) : (\d)", arguments.get("count", ""))
    return match is None or bool(int(match[2] if given[match[1]] else match[3]))


def _change(
    address: str,
    kind: str,
    arguments: Mapping[str, Any],
    given: Mapping[str, object],
    adopted: Mapping[str, str],
) -> dict[str, Any]:
    values = {name: value for name, value in arguments.items() if name not in _META}
    after, unknown = _split(values, given)
    exists = address in adopted or kind == "azurerm_cognitive_account"
    before = {name: value for name, value in after.items() if not isinstance(value, list)}
    change: dict[str, Any] = {
        "actions": ["update"] if exists else ["create"],
        "before": before if exists else None,
        "after": after,
        "after_unknown": unknown,
    }
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": address.partition(".")[2],
        "change": change,
    }


def _split(
    values: Mapping[str, Any], given: Mapping[str, object]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values that a plan knows, and which ones it does not know."""
    after: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            parts = [_split(each, given) for each in value]
            after[name], unknown[name] = [each[0] for each in parts], [each[1] for each in parts]
        elif not isinstance(value, Expression):
            after[name] = value
        elif (variable := value.removeprefix("var.")) in given:
            after[name] = given[variable]
        else:
            unknown[name] = True
    return after, unknown
