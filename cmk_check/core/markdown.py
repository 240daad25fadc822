"""Names and texts from Azure in Markdown, where they must be data."""

import re
from typing import Final

from cmk_check.core.text import shown

# Everything that Markdown does not take as plain text, including bare links.
_MARKS: Final = re.compile(r"[\\`*_\[\]<>|&~$#@]|:(?=//)|(?<=www)\.")


def code(text: str | None) -> str:
    """Return a name as code, in which Markdown has no markup; "" without a name."""
    if not text:
        return ""
    plain = shown(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", plain)), default=0))
    pad = " " if "`" in plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def escaped(text: str) -> str:
    """Return a text in which Markdown has no markup."""
    return _MARKS.sub(r"\\\g<0>", shown(text))
