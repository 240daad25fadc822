"""Values out of a change as text that can stand in a line: short, visible, and nothing but text."""

import re
import unicodedata
from typing import Final

from cmk_check.limits import MAX_CHAT_VALUE_CHARS

# A word joiner: it is not seen, and no service takes what is around it for the start of a link.
_JOINER: Final = "\u2060"


def plain(value: object, longest: int = MAX_CHAT_VALUE_CHARS) -> str:
    """Return a value as one short line of visible characters in which nothing is a link."""
    if not isinstance(value, str | int):
        return ""
    # Cut first: what comes from a row may be 64 KB. What is C or Z to Unicode is not seen, breaks
    # a line or turns its direction.
    seen = (
        " " if unicodedata.category(char)[0] in "CZ" else char for char in str(value)[: 4 * longest]
    )
    text = " ".join("".join(seen).split())
    if len(text) > longest:
        text = text[: longest - 1] + "\u2026"
    return re.sub(r"(?=://)", _JOINER, text)
