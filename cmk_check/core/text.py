"""Clean, fold and recognise external texts and JSON, and format texts for people."""

import re
import string
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from cmk_check.limits import MAX_EVIDENCE_BYTES, MAX_NAMES_LISTED, MAX_RESOURCE_ID_CHARS

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


GUID: Final = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
"""The case-insensitive pattern of a GUID."""

# JSON needs six characters for each of these, so evidence full of them would not fit into a row.
_UNWANTED: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


def clean_text(value: object, longest: int = MAX_EVIDENCE_BYTES) -> str | None:
    """Clean a string for tables and JSON and cut it to ``longest`` bytes; None if not a string."""
    if not isinstance(value, str):
        return None
    if not value.isprintable():
        value = _UNWANTED.sub("\ufffd", value)
    if len(value) * 4 <= longest:
        return value
    return value.encode()[:longest].decode(errors="ignore")


def clean_time(value: object) -> str | None:
    """Return a time in UTC in whole seconds, such as 2026-11-25T12:00:00Z, or None if invalid.

    Azure writes fractions of a second with six or seven digits. A time without an offset is
    ambiguous and is rejected. The first moments of year 1 and of 1970 are rejected, because
    programs write these times if there is no time.
    """
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is None or time <= _EPOCH:
            return None
        return write_time(time)
    except (ValueError, OverflowError):
        return None


def write_time(time: datetime) -> str:
    """Format a time in UTC in whole seconds, as in all documents that this program writes."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def lower_ascii(word: str) -> str:
    """Lower-case an ASCII word; return other words, which may have lookalike letters, unchanged."""
    return word.lower() if word.isascii() else word


def fold_address(uri: str | None) -> str:
    """Fold a vault's address, which Azure returns with or without a trailing slash and port."""
    return (uri or "").casefold().rstrip("/").removesuffix(":443")


def fold_id(value: object) -> str:
    """Return an ARM id folded for comparison, or "" if it is not a string or too long."""
    if not isinstance(value, str) or len(value) > MAX_RESOURCE_ID_CHARS:
        return ""
    # str.lower would turn a lookalike from another alphabet into the letter that it imitates.
    return value.strip().translate(_LOWER).rstrip("/")


def is_guid(text: str) -> bool:
    """Return whether a text is a GUID in any casing."""
    return re.fullmatch(GUID, text) is not None


def few(names: Iterable[str]) -> str:
    """Return the first names as a list for people, with the number of omitted names."""
    every = list(names)
    more = len(every) - MAX_NAMES_LISTED
    return ", ".join(every[:MAX_NAMES_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def format_count(number: int, noun: str) -> str:
    """Return a number with a noun for people, such as 1 account or 2,000 accounts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def require_all[T](parts: Iterable[T | None]) -> tuple[T, ...] | None:
    """Return the parts as a tuple, or None if any part is None."""
    every = list(parts)
    there = tuple(part for part in every if part is not None)
    return there if len(there) == len(every) else None


def as_object(value: object) -> dict[str, object]:
    """Return ``value`` if it is a JSON object, otherwise an empty object."""
    return value if isinstance(value, dict) else {}


def escape_invisible(text: str) -> str:
    """Replace invisible characters, and characters that move the cursor, with Python's escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        ascii(char)[1:-1] if unicodedata.category(char) in _INVISIBLE else char for char in text
    )
