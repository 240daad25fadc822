"""Values of a change as short, visible text on one line."""

import re
import unicodedata
from typing import Final

from cmk_check.limits import MAX_CHAT_VALUE_CHARS

# A word joiner: it is invisible, and keeps services from turning the text into a link.
_JOINER: Final = "\u2060"


def plain(value: object, longest: int = MAX_CHAT_VALUE_CHARS) -> str:
    """Return a value as one short line of visible characters without links."""
    if not isinstance(value, str | int):
        return ""
    # Cut first, because a value may have 64 KB. Unicode categories C and Z are invisible, break
    # lines or change the direction of text.
    seen = (
        " " if unicodedata.category(char)[0] in "CZ" else char for char in str(value)[: 4 * longest]
    )
    text = " ".join("".join(seen).split())
    if len(text) > longest:
        text = text[: longest - 1] + "\u2026"
    return re.sub(r"(?=://)", _JOINER, text)
