"""Read the program's texts from files of the package: words in TOML, scripts, templates.

This is the only disk access in ``core``. The files are read when a module is imported, and are as
fixed as the code.
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
    """Return the text of a file in a package."""
    return files(package).joinpath(name).read_text("utf-8")


def read_toml(package: str, name: str) -> Mapping[str, Any]:
    """Return the contents of a TOML file in a package."""
    return tomllib.loads(read_text(package, name))


def read_parts(package: str, name: str) -> Mapping[str, str]:
    """Return the parts of a script or template by name.

    A part follows a line ``## [name]``, or ``/// [name]`` in Bicep. Further ``##`` or ``///`` lines
    directly after this line are remarks, which are left out of the output.
    """
    _, *parts = _HEAD.split(read_text(package, name))
    return {name: text.strip("\n") for name, text in batched(parts, 2, strict=True)}


def fill_part(parts: Mapping[str, str], name: str, values: Mapping[str, str]) -> str:
    """Return a part, and replace each ``@other@`` with the value or part of that name.

    Placeholders inside values are not replaced.
    """

    def text(place: re.Match[str]) -> str:
        other = place[1]
        return values[other] if other in values else fill_part(parts, other, values)

    return _PLACE.sub(text, parts[name])
