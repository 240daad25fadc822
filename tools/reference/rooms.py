"""The packages of the program, from their docstrings."""

import ast
from pathlib import Path
from typing import Final

from tools.reference.documents import ROOT, code, one_line, table

_PACKAGE: Final = ROOT / "cmk_check"


def rooms() -> str:
    """Write the packages, and the modules beside them."""
    modules = [path for path in _PACKAGE.glob("*.py") if not path.name.startswith("_")]
    packages = [path.parent for path in _PACKAGE.rglob("*/__init__.py")]
    rows = [(code(_name(path)), _purpose(path)) for path in sorted([*packages, *modules])]
    return table(("in `cmk_check/`", "contains"), rows)


def _name(path: Path) -> str:
    return f"{path.relative_to(_PACKAGE)}{'/' if path.is_dir() else ''}"


def _purpose(path: Path) -> str:
    """Return the first paragraph of the docstring."""
    file = path / "__init__.py" if path.is_dir() else path
    told = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return one_line(told.partition("\n\n")[0], str(path)).replace("``", "`")
