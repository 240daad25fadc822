"""The docstrings of constants and of members of an enum, which Python itself does not keep."""

import ast
import inspect
from enum import Enum
from itertools import pairwise
from types import ModuleType

from tools.reference.documents import one_line


def docstrings(owner: ModuleType | type[Enum]) -> dict[str, str]:
    """Return the text below each assignment of a module or an enum, as one line, by its name."""
    tree = ast.parse(inspect.getsource(owner))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else tree.body
    return {
        name: one_line(text, name)
        for statement, following in pairwise(body)
        if (name := _assigned(statement)) and (text := _text(following))
    }


def _assigned(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return None


def _text(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Expr(ast.Constant(str() as text)):
            return text
    return None
