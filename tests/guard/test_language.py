"""Texts are plain English: people who are not native speakers read them, often in trouble.

The phrases below once stood in messages, docstrings and the page. Each is an inversion, a riddle or
a statement of what something is not; the comment says what to write in its place.
"""

import re
from typing import Final

from tests.guard.documents import ROOT

_BANNED: Final = re.compile(
    r"(?<!\bthere )\b(is|are) no\b(?! longer| more| change)"  # write: "must be ...", "is not ..."
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


def test_texts_avoid_phrases_that_are_hard_to_read() -> None:
    """An error that says what must be is understood at the first reading."""
    texts = {
        path.name: path.read_text()
        for path in (ROOT / "cmk_check").rglob("*")
        if path.suffix in {".py", ".js", ".toml", ".sh", ".bicep"} and "vendor" not in path.parts
    }

    assert len(texts) > 100
    assert {name: found[0] for name, text in texts.items() if (found := _BANNED.search(text))} == {}
