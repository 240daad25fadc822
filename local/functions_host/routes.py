"""Route templates of ASP.NET, as far as Azure Functions documents them for HTTP triggers.

https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from local.functions_host.errors import StartError

_PARAMETER: Final = re.compile(
    r"\{(?P<star>\*{0,2})(?P<name>\w+)(?P<constraints>(?::[^{}:?=]+)*)(?P<optional>\??)\}"
)
_INT32: Final = 2**31
_INT64: Final = 2**63


def _is_integer_below(limit: int) -> Callable[[str], bool]:
    return lambda text: (
        re.fullmatch(r"-?\d{1,19}", text) is not None and (-limit <= int(text) < limit)
    )


def _is_guid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


_CONSTRAINTS: Final[Mapping[str, Callable[[str], bool]]] = {
    "alpha": lambda text: re.fullmatch("[A-Za-z]*", text) is not None,
    "bool": lambda text: text.lower() in {"true", "false"},
    "guid": _is_guid,
    "int": _is_integer_below(_INT32),
    "long": _is_integer_below(_INT64),
}


@dataclass(frozen=True, slots=True)
class Route:
    """A compiled template."""

    pattern: re.Pattern[str]
    constraints: Mapping[str, tuple[str, ...]]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values in a decoded path, without absent ones, or None if it does not match.

        The path begins with a slash. A catch-all also matches an empty rest.
        """
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values = {name: value for name, value in found.groupdict().items() if value}
        for name, value in values.items():
            if not all(_CONSTRAINTS[kind](value) for kind in self.constraints[name]):
                return None
        return values


def compile_route(prefix: str, template: str) -> Route:
    """Compile a template under the host's prefix; neither has a slash at its ends.

    Raises:
        StartError: This host does not support something in the template.
    """
    constraints: dict[str, tuple[str, ...]] = {}
    parts = "/".join(part for part in (prefix, template) if part).split("/")
    try:
        text = "".join(_segment(part, constraints) for part in parts)
        return Route(re.compile(f"{text}/?", re.IGNORECASE | re.DOTALL), constraints)
    except (ValueError, re.error) as error:
        raise StartError(f"the route {template!r} cannot be used here: {error}") from error


def _segment(segment: str, constraints: dict[str, tuple[str, ...]]) -> str:
    whole = _PARAMETER.fullmatch(segment)
    if whole is None:
        return "/" + _mixed(segment, constraints)
    name = _remember(whole, constraints)
    if whole["star"]:
        return f"(?:/(?P<{name}>.*))?"
    value = f"/(?P<{name}>[^/]+)"
    return f"(?:{value})?" if whole["optional"] else value


def _mixed(segment: str, constraints: dict[str, tuple[str, ...]]) -> str:
    """Translate a segment of literal text, which may contain parameters."""
    pattern, end = "", 0
    for match in _PARAMETER.finditer(segment):
        if match["star"] or match["optional"]:
            raise ValueError(f"{match[0]} must be a segment of its own")
        name = _remember(match, constraints)
        pattern += _literal(segment[end : match.start()]) + f"(?P<{name}>[^/]+)"
        end = match.end()
    return pattern + _literal(segment[end:])


def _literal(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError(f"this host does not support the parameter {text}")
    return re.escape(text)


def _remember(match: re.Match[str], constraints: dict[str, tuple[str, ...]]) -> str:
    kinds = tuple(match["constraints"].lower().split(":")[1:])
    unknown = set(kinds) - set(_CONSTRAINTS)
    if unknown:
        raise ValueError(f"unknown constraint {', '.join(sorted(unknown))}")
    constraints[match["name"]] = kinds
    return match["name"]
