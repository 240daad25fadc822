"""Texts of the program that are files of the package: words in TOML, scripts, templates.

Here alone ``core`` touches the disk, when a module is imported. It reads files of the package,
which are as fixed as its code.
"""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from itertools import batched
from typing import Any, Final

_HEAD: Final = re.compile(r"^(?:##|///) \[(\w+)\]\n(?:(?:##|///) .*\n)*", re.MULTILINE)
_PLACE: Final = re.compile(r"@(\w+)@")


def text_of(package: str, name: str) -> str:
    """Return the text of a file in a package."""
    return files(package).joinpath(name).read_text("utf-8")


def toml_of(package: str, name: str) -> Mapping[str, Any]:
    """Return what a TOML file has, by name."""
    return tomllib.loads(text_of(package, name))


def parts_of(package: str, name: str) -> Mapping[str, str]:
    """Return the parts of a script or template by name.

    A part follows a line such as ``## [name]``, in Bicep ``/// [name]``. More lines that begin so
    may follow it: they are remarks, which no output has.
    """
    _, *found = _HEAD.split(text_of(package, name))
    return {name: text.strip("\n") for name, text in batched(found, 2, strict=True)}


def filled(parts: Mapping[str, str], name: str, values: Mapping[str, str]) -> str:
    """Return a part in which ``@other@`` is the part or the value of that name.

    Values are taken as they are: what looks like a placeholder in them is none.
    """

    def text(place: re.Match[str]) -> str:
        other = place[1]
        return values[other] if other in values else filled(parts, other, values)

    return _PLACE.sub(text, parts[name])
