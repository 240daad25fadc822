"""Read the program's texts from files in the package, such as TOML files and scripts.

No other module in ``core`` accesses the disk. Each file is read when a module is imported, and
never changes while the program runs.
"""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from itertools import batched
from typing import Any, Final

_HEAD: Final = re.compile(r"^(?:##|///) \[(\w+)\]\n(?:(?:##|///) .*\n)*", re.MULTILINE)
_PLACE: Final = re.compile(r"@(\w+)@")


def read_text(package: str, name: str) -> str:
    """Return the text of a file in ``package``."""
    return files(package).joinpath(name).read_text("utf-8")


def read_toml(package: str, name: str) -> Mapping[str, Any]:
    """Return the parsed contents of a TOML file in ``package``."""
    return tomllib.loads(read_text(package, name))


def read_parts(package: str, name: str) -> Mapping[str, str]:
    """Return the parts of a script or template, keyed by their names.

    Each part follows a line ``## [name]``, or ``/// [name]`` in Bicep. ``##`` or ``///`` lines
    directly after this heading are remarks, which are left out of the part.
    """
    _, *parts = _HEAD.split(read_text(package, name))
    return {name: text.strip("\n") for name, text in batched(parts, 2, strict=True)}


def fill_part(parts: Mapping[str, str], name: str, values: Mapping[str, str]) -> str:
    """Return a part, replacing each ``@other@`` with the value or part named ``other``.

    Placeholders inside the values are not replaced.
    """

    def text(place: re.Match[str]) -> str:
        other = place[1]
        return values[other] if other in values else fill_part(parts, other, values)

    return _PLACE.sub(text, parts[name])
