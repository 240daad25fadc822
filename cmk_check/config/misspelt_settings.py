"""Check the names of settings, because a misspelt setting must not be silently ignored."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from cmk_check.core.text_files import read_text
from cmk_check.limits import MAX_MISSPELT_CHARS

_PREFIX: Final = "CMK_"
_WITHOUT_UNDERSCORE: Final = "CMK"
# Only `cmk-check evidence` reads this variable, never the app.
API_KEY: Final = "CMK_API_KEY"
# The host supports more properties of a connection than this program reads.
_OF_STORAGE: Final = "CMK_STORAGE__"
_OF_ROUTES: Final = re.compile("CMK_ROUTES?_", re.IGNORECASE)
# Variables of a shell or of azd that the deployment in infra/ reads or sets.
OF_DEPLOYMENT: Final = frozenset(read_text(__package__, "deployment_variables.txt").split())


def is_of_a_route(name: str) -> bool:
    """Return whether a variable's name looks like that of a route's URL or secret."""
    return bool(_OF_ROUTES.match(name)) and name not in OF_DEPLOYMENT


def looks_like_ours(name: str) -> bool:
    """Return whether a name resembles a setting's name, whose first underscore may be missing."""
    return name.upper().startswith(_WITHOUT_UNDERSCORE)


def split_unknown(
    names: Iterable[str], settings: Collection[str]
) -> tuple[dict[str, str], list[str]]:
    """Return misspelt names, each with a similar setting, and the remaining unknown names.

    ``settings`` are the names that the program reads.
    """
    known_names = {*settings, API_KEY}
    misspelt: dict[str, str] = {}
    unknown: list[str] = []
    for name in sorted(names):
        # alert_route_settings checks whether a variable of this form belongs to a route.
        if not looks_like_ours(name) or name in known_names | OF_DEPLOYMENT or is_of_a_route(name):
            continue
        if setting := nearest(name, known_names):
            misspelt[name] = setting
        elif name.upper().startswith(_PREFIX) and not name.startswith(_OF_STORAGE):
            unknown.append(name)
    return misspelt, unknown


def describe_unknown(name: str, settings: Collection[str]) -> str:
    """Return a message about an unknown name that suggests at most three settings.

    The suggested settings are those with the most words in common with the unknown name.
    """
    words = {*name.upper().split("_")[1:]} - {""}
    alike = {each: len(words.intersection(each.upper().split("_"))) for each in sorted(settings)}
    best = sorted((each for each in alike if alike[each]), key=lambda each: -alike[each])[:3]
    hint = f"use {' or '.join(best)} if that is meant" if best else "see docs/reference/settings.md"
    return f"is not a setting; {hint}, or remove it."


def nearest(name: str, known_names: Collection[str]) -> str | None:
    """Return the known name that is most similar to ``name``, or None if no known name is similar.

    Case and underscores are ignored. If two known names are equally similar, the result is the
    alphabetically first name.
    """
    distances = {each: _distance(_fold_name(name), _fold_name(each)) for each in known_names}
    best = min(sorted(known_names), key=distances.__getitem__)
    return best if distances[best] <= MAX_MISSPELT_CHARS else None


def _fold_name(name: str) -> str:
    return name.upper().replace("_", "")


def _distance(one: str, other: str) -> int:
    """Return the edit distance: how many characters must be inserted, deleted or replaced."""
    if abs(len(one) - len(other)) > MAX_MISSPELT_CHARS:
        return MAX_MISSPELT_CHARS + 1
    row = list(range(len(other) + 1))
    for number, char in enumerate(one, 1):
        above, row = row, [number]
        for column, against in enumerate(other):
            replaced = above[column] + (char != against)
            row.append(min(replaced, above[column + 1] + 1, row[column] + 1))
    return row[-1]
