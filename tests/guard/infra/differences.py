"""What one snapshot has that another has not, as lines for people."""

import json
from collections.abc import Iterator
from typing import Any

from tests.guard.infra.bicep_kit import SUBSCRIPTION, Json, only
from tests.guard.infra.expressions import worked_out


def differences(before: list[Json], after: list[Json]) -> list[str]:
    """Return a line per resource that came or went, and per value that differs.

    To Azure null is the same as unset.
    """
    old, new = _named(before), _named(after)
    lines = [f"- {name}" for name in old.keys() - new.keys()]
    lines += [f"+ {name}" for name in new.keys() - old.keys()]
    for name in old.keys() & new.keys():
        was, now = dict(_leaves(old[name])), dict(_leaves(new[name]))
        lines += [
            f"~ {name} {path[1:]}: {was.get(path, 'unset')} -> {now.get(path, 'unset')}"
            for path in was.keys() | now.keys()
            if was.get(path) != now.get(path)
        ]
    return sorted(lines)


def _named(resources: list[Json]) -> dict[str, Any]:
    """Map the last part of the type, and the name without the token, to what is said of it."""
    token = only(resources, "Microsoft.Web/sites")["name"].removeprefix("func-cmk-")
    found = {}
    for resource in worked_out(resources):
        kind = resource["type"].partition("/")[2]
        said = {key: one for key, one in resource.items() if key not in {"id", "name", "type"}}
        # What belongs to another resource, such as its logs, has the other's name before its own.
        other, _, own = resource["id"].rpartition("/providers/")
        name = resource["name"] if "/providers/" not in other else f"{other}/{own}"
        found[f"{kind} {_short(name, token)}"] = _shortened(said, token)
    assert len(found) == len(resources)
    return found


def _short(text: str, token: str) -> str:
    """Leave out what says nothing: the subscription, the app's own group, the token."""
    for part in (f"/subscriptions/{SUBSCRIPTION}/", "resourceGroups/rg-example/providers/"):
        text = text.replace(part, "")
    return text.replace(f"-{token}", "").replace(token, "")


def _shortened(value: Any, token: str) -> Any:  # noqa: ANN401 - it is JSON
    if isinstance(value, dict):
        return {_short(key, token): _shortened(item, token) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item, token) for item in value]
    return _short(value, token) if isinstance(value, str) else value


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    """Yield each value that holds no others, with its path; of a text, each line."""
    parts = _parts(value)
    if isinstance(parts, dict | list) and parts:
        items = parts.items() if isinstance(parts, dict) else enumerate(parts)
        for key, item in items:
            yield from _leaves(item, f"{path}.{key}")
    else:
        yield path, value


def _parts(value: Any) -> Any:  # noqa: ANN401
    """Return the lines of a text, and what is in one that is JSON."""
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value.splitlines() if isinstance(value, str) and "\n" in value else value
