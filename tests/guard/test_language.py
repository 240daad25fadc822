"""Texts are plain English: people who are not native speakers read them, often in trouble.

The phrases below once stood in messages, docstrings and the page. Each is an inversion, a riddle or
a statement of what something is not; the comment says what to write in its place.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.guard.documents import ROOT

_BANNED: Final = re.compile(
    r"(?<!\bthere )\b(is|are) no\b(?! longer| more)"  # write: "must be ...", "is not ..."
    r"|\bis none of\b"  # "must be one of"
    r"|\bto be had\b"  # "available"
    r"|\bwho(ever)? has the\b"  # name the thing or the person
    r"|\bwhether answers are\b"  # "whether the app can answer"
    r"|\bno way in\b"  # "not authorised"
    r"|\bsays not (of|who|what)\b"  # "does not say"
    r"|\bwhat is not known\b"  # "unknown"
    r"|\bstands? twice\b",  # "occurs twice"
    re.IGNORECASE,
)
_SOURCES: Final = sorted(
    path
    for pattern in ("*.py", "*.js", "*.toml", "*.sh", "*.bicep")
    for path in (ROOT / "cmk_check").rglob(pattern)
    if "vendor" not in path.parts
)
_JS_TEXT: Final = re.compile(r'"[^"\n]*"|`[^`]*`|//.*|/\*(?:.|\n)*?\*/')


def _texts(path: Path) -> Iterator[str]:
    """Yield all strings and docstrings of a module; of JavaScript its comments, too."""
    source = path.read_text()
    match path.suffix:
        case ".py":
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
        case ".js":
            yield from _JS_TEXT.findall(source)
        case _:
            yield from source.splitlines()


def test_texts_avoid_phrases_that_are_hard_to_read() -> None:
    """An error that says what must be is understood at the first reading."""
    texts = [(path.name, text) for path in _SOURCES for text in _texts(path)]

    assert len(texts) > len(_SOURCES)
    assert [each for each in texts if _BANNED.search(each[1])] == []
