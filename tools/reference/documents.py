"""The parts of the documents that are written from the code, between two markers.

``<!-- generated: NAME ARGUMENTS -->`` begins a part, and ``<!-- end -->`` ends it. What is in
between belongs to the function that the name stands for; everything else is written by people.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_PART: Final = re.compile(r"(?ms)^(<!-- generated: ([\w ./{}-]+?) -->)\n.*?^(<!-- end -->)$")

type Renderer = Callable[..., str]


def documents() -> list[Path]:
    """Return every document that may have such a part."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def rewritten(text: str, renderers: Mapping[str, Renderer]) -> str:
    """Return a document with each of its parts written again.

    Raises:
        KeyError: a marker has a name that no renderer has.

    """

    def written(part: re.Match[str]) -> str:
        begin, words, end = part.groups()
        name, *arguments = words.split()
        return f"{begin}\n\n{renderers[name](*arguments).strip()}\n\n{end}"

    return _PART.sub(written, text)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table: for short cells, because GitHub does not wrap a screen's width well."""
    given = [[*heads], *([*row] for row in rows)]
    lines = [f"| {' | '.join(cell.replace('|', r'\|') for cell in row)} |" for row in given]
    return "\n".join([lines[0], "|---" * len(given[0]) + "|", *lines[1:]]).replace("|  |", "| |")


def code(text: object) -> str:
    """Set a name as code."""
    return f"`{text}`"


def one_line(text: str | None, of: str) -> str:
    """Return a docstring as one line.

    Raises:
        ValueError: there is none; ``of`` names what lacks it.

    """
    if not text or not text.strip():
        raise ValueError(f"{of} needs a description.")
    return " ".join(text.split())
