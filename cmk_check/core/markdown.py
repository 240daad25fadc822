"""Escape names and texts from Azure so that Markdown treats them as data."""

import re
from typing import Final

from cmk_check.core.text import escape_invisible

# All characters that have a meaning in Markdown, and bare links.
_MARKS: Final = re.compile(r"[\\`*_\[\]<>|&~$#@]|:(?=//)|(?<=www)\.")


def code(text: str | None) -> str:
    """Return a name as Markdown code, in which markup has no effect, or "" without a name."""
    if not text:
        return ""
    plain = escape_invisible(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", plain)), default=0))
    pad = " " if "`" in plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def escape_markdown(text: str) -> str:
    """Escape a text so that nothing in it is Markdown markup."""
    return _MARKS.sub(r"\\\g<0>", escape_invisible(text))
