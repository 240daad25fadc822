"""Read alert routes from CMK_ROUTES, and each route's URL and secret from its variables.

A person who can write tags can choose an alert's route, but can never silence an alert, because
every type in CMK_ALERT_ON must have a route without ``owners``, and no route may have types that
are not in CMK_ALERT_ON.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from cmk_check.config.misspelt_settings import is_of_a_route
from cmk_check.config.storage import Fault
from cmk_check.config.webhook import ALERTS, FORMATS, UNSET, check_secrets, check_types, check_url
from cmk_check.core.alert_routes import ROUTE_NAME, WEBHOOK, Route, get_setting_name
from cmk_check.core.text import clean_text
from cmk_check.limits import MAX_ROUTES, MAX_TAG_BYTES

ROUTES: Final = "CMK_ROUTES"
_FIELDS: Final = frozenset({"name", "format", "alertOn", "owners"})
_SHAPE: Final = (
    'must be a JSON list of routes, such as [{"name": "security"}]. A name has at most 32 '
    f"lower-case letters, digits and underscores, begins with a letter, and is not {WEBHOOK}. A "
    f"route may also have a format ({', '.join(FORMATS)}), a list alertOn of types of changes, and "
    f"a list of owners as in the tags, each of at most {MAX_TAG_BYTES} bytes without control "
    "characters, or null for accounts without an owner"
)
_BOTH: Final = (
    "must not be set together with CMK_WEBHOOK_URL; add a route for that receiver and remove "
    "CMK_WEBHOOK_URL"
)
_FOREIGN: Final = f"belongs to no route; correct its name, add the route to {ROUTES}, or remove it"


def route_settings(variables: Mapping[str, str]) -> set[str]:
    """Return the names of all routes' variables, or an empty set if CMK_ROUTES is invalid."""
    try:
        return _list_variables(_parse(variables.get(ROUTES, "[]")))
    except ValueError:
        return set()


def read_routes(
    variables: Mapping[str, str], *, on_azure: bool
) -> tuple[tuple[Route, ...], list[Fault]]:
    """Return the routes in CMK_ROUTES, and the faults in all variables for routes.

    If CMK_ROUTES is invalid, its fault is the only one, because other variables depend on it.
    """
    try:
        routes = _parse(variables[ROUTES]) if ROUTES in variables else []
        _check_types_of(routes, variables.get("CMK_ALERT_ON"))
    except ValueError as error:
        return (), [(ROUTES, str(error))]
    faults = [(ROUTES, _BOTH)] if routes and "CMK_WEBHOOK_URL" in variables else []
    foreign = filter(is_of_a_route, variables.keys() - _list_variables(routes))
    faults += [(name, _FOREIGN) for name in sorted(foreign)]
    return tuple(_fill_routes(routes, variables, faults, on_azure=on_azure)), faults


def _fill_routes(
    routes: Iterable[Route], variables: Mapping[str, str], faults: list[Fault], *, on_azure: bool
) -> Iterator[Route]:
    """Yield the routes with their URLs and secrets; add faults in these variables to ``faults``."""
    for route in routes:
        url = ""
        secrets: tuple[str, ...] = ()
        try:
            url = check_url(variables[route.url_setting], on_azure=on_azure)
        except KeyError:
            faults.append((route.url_setting, UNSET))
        except ValueError as error:
            faults.append((route.url_setting, str(error)))
        name = get_setting_name(route.name, "SECRET")
        try:
            secrets = check_secrets(variables[name]) if name in variables else ()
        except ValueError as error:
            faults.append((name, str(error)))
        yield replace(route, url=url, secrets=secrets)


def _list_variables(routes: Iterable[Route]) -> set[str]:
    return {name for it in routes for name in (it.url_setting, get_setting_name(it.name, "SECRET"))}


def _parse(text: str) -> list[Route]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or not items:
        raise ValueError(_SHAPE)
    if len(items) > MAX_ROUTES:
        raise ValueError(f"must have at most {MAX_ROUTES} routes; remove {len(items) - MAX_ROUTES}")
    routes = [_route(number, entry) for number, entry in enumerate(items, 1)]
    if len({route.name for route in routes}) < len(routes):
        raise ValueError("must give each route a unique name; rename the duplicates")
    return routes


def _route(number: int, entry: object) -> Route:
    fields: dict[str, Any] = entry if isinstance(entry, dict) else {}
    name, style = fields.get("name"), fields.get("format", FORMATS[0])
    types, owners = fields.get("alertOn", ["all"]), fields.get("owners", [None])
    is_valid = (
        fields.keys() <= _FIELDS
        and isinstance(name, str)
        and (ROUTE_NAME.fullmatch(name) and name != WEBHOOK)
        and style in FORMATS
        and all(isinstance(each, list) and each for each in (types, owners))
        and all(isinstance(each, str) for each in types)
        and all(map(_can_be_an_owner, owners))
    )
    if not is_valid:
        raise ValueError(f"{_SHAPE}; correct route {number}")
    try:
        kinds = check_types(",".join(types)) if "alertOn" in fields else None
    except ValueError as error:
        raise ValueError(f"{error} (alertOn in route {number})") from None
    return Route(str(name), "", style, (), kinds, frozenset(owners) if "owners" in fields else None)


def _can_be_an_owner(value: object) -> bool:
    """Return whether ``value`` can be the value of a tag, and therefore an owner."""
    if not isinstance(value, str):
        return value is None
    return bool(value) and not value.isspace() and clean_text(value, MAX_TAG_BYTES) == value


def _check_types_of(routes: Sequence[Route], alert_on: str | None) -> None:
    """Check that each type in CMK_ALERT_ON has a route without owners and no route adds a type."""
    if not routes:
        return
    try:
        alert_types = ALERTS if alert_on is None else check_types(alert_on)
    except ValueError:
        return  # reported as a fault of CMK_ALERT_ON
    for number, route in enumerate(routes, 1):
        if more := (route.alert_on or frozenset()) - alert_types:
            raise ValueError(
                f"must not name types in route {number} that CMK_ALERT_ON does not have; add "
                f"{_short(more)} to CMK_ALERT_ON or remove them from the route"
            )
    covered = {kind for it in routes if it.owners is None for kind in it.alert_on or alert_types}
    if missing := alert_types - covered:
        raise ValueError(
            "must have a route without owners for every type of CMK_ALERT_ON, so that no tag can "
            f"silence an alert; add a route for {_short(missing)}"
        )


def _short(types: Iterable[str]) -> str:
    return ", ".join(sorted(kind.removeprefix("cmkcheck.") for kind in types))
