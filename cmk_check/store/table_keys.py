r"""Table keys: one escape for every name, and the format of every partition and row key.

ARM names may contain characters that are not allowed in table keys (``/ \ # ?`` and control
characters), and a key made of two names must show where the first name ends. Only this module
builds keys, so that two names never share a key and no name extends into another part of the key.

Keys are ASCII. Code points, UTF-16 units and UTF-8 bytes then sort alike, so that Python and the
table service use the same order.

A function that builds a key raises LimitExceeded if the key is too long, which needs names longer
than ARM allows, or if a number in the key has too many digits.
"""

import re
import string
from datetime import datetime
from itertools import product
from typing import Final

from cmk_check.limits import MAX_KEY_UNITS
from cmk_check.ports import LimitExceeded

COVERAGE: Final = "coverage"
# The bounds of all rows of a kind: ``}`` is the character after ``|``.
FINDINGS_FROM: Final = "finding|"
FINDINGS_TO: Final = "finding}"
OUTBOX_FROM: Final = "outbox|"
OUTBOX_TO: Final = "outbox}"
SCANS_FROM: Final = "scan|"
SCANS_TO: Final = "scan}"
UNDELIVERED: Final = "undelivered|"
# The bound after all numbers of the feed: ``:`` is the character after ``9``.
NUMBERS_TO: Final = ":"
_NUMBER_DIGITS: Final = 20
LAST_NUMBER: Final = 10**_NUMBER_DIGITS - 1

_UNSAFE = re.compile(r"[^A-Za-z0-9\-._()]+")
_ESCAPED = re.compile(r"~([0-9a-z]+)~")
_DIGITS: Final = string.digits + string.ascii_lowercase
# The shortest fixed width for every code point: 36 ** 4 > 0x110000. Hexadecimal would need six
# digits, and ARM's longest names (a group of 90 characters, an account of 64) would then not fit
# into a key.
_WIDTH: Final = 4
_PAIRS: Final = tuple(map("".join, product(_DIGITS, repeat=_WIDTH // 2)))
_LAST_SECOND: Final = 9_999_999_999


def escape(text: str) -> str:
    """Escape a text for use in a key; different texts have different results.

    ASCII letters, digits and ``-._()`` are unchanged. Each run of other characters becomes ``~``,
    four base-36 digits for each code point, and ``~``. The tilde is unreserved in URLs (RFC 3986,
    2.3) and not allowed in ARM names.
    """
    return _UNSAFE.sub(_escape_run, text)


def unescape(key: str) -> str:
    """Return the text whose escaped form is ``key``.

    Raises:
        ValueError: ``key`` is not an escaped text.
    """
    try:
        text = _ESCAPED.sub(_unescape_run, key)
    except ValueError:  # four digits that exceed the last code point
        text = ""
    if escape(text) != key:
        raise ValueError(f"{key[:40]!a} must be escaped text")
    return text


def get_partition(subscription_id: str) -> str:
    """Return the partition of a subscription in the findings table."""
    return _check_length(escape(subscription_id.lower()))


def finding_row(group: str, name: str) -> str:
    """Return the row of an account; the casing of the account's names does not matter."""
    return _check_length(f"{FINDINGS_FROM}{escape(group.lower())}|{escape(name.lower())}")


def outbox_row(sequence: int, change_id: str) -> str:
    """Return the row of an unpublished change; rows sort by sequence."""
    return _check_length(f"{OUTBOX_FROM}{_pad_number(sequence, 12)}|{escape(change_id)}")


def scan_row(started: datetime, scan_id: str) -> str:
    """Return the row of a scan; the scan that started last sorts first."""
    newest_first = _pad_number(_LAST_SECOND - int(started.timestamp()), 10)
    return _check_length(f"{SCANS_FROM}{newest_first}|{escape(scan_id)}")


def slice_partition(scan_id: str) -> str:
    """Return the partition of a scan's slices."""
    return _check_length(f"slice|{escape(scan_id)}")


def slice_row(plan_id: str | None, number: int) -> str:
    """Return the row of a slice of a plan."""
    return f"{plan_id}|{_pad_number(number, 4)}"


def feed_row(number: int) -> str:
    """Return the row of a published change; published changes sort by number, at the start."""
    return _pad_number(number, _NUMBER_DIGITS)


def is_feed_row(row: str) -> bool:
    """Return whether a row key has the format of ``feed_row``."""
    return len(row) == _NUMBER_DIGITS and row.isascii() and row.isdigit()


def feed_marker(change_id: str) -> str:
    """Return the row that marks a change as published."""
    return _check_length(f"id|{escape(change_id)}")


def build_undelivered_row(route: str, last: int) -> str:
    """Return the row for a refused range of the feed, with the range's last number."""
    return _check_length(f"{UNDELIVERED}{escape(route)}|{feed_row(last)}")


def parse_undelivered_number(row: str) -> int:
    """Return the last number of the range, or 0 if the key has another format."""
    _, _, last = row.rpartition("|")
    return int(last) if is_feed_row(last) else 0


def _escape_run(run: re.Match[str]) -> str:
    halves = (divmod(ord(character), len(_PAIRS)) for character in run[0])
    return f"~{''.join(_PAIRS[high] + _PAIRS[low] for high, low in halves)}~"


def _unescape_run(run: re.Match[str]) -> str:
    codes, base = run[1], len(_DIGITS)
    starts = range(0, len(codes), _WIDTH)
    return "".join(chr(int(codes[start : start + _WIDTH], base)) for start in starts)


def _pad_number(number: int, digits: int) -> str:
    if not 0 <= number < 10**digits:
        raise LimitExceeded(f"the number {number} does not fit into {digits} digits of a key")
    return f"{number:0{digits}d}"


def _check_length(key: str) -> str:
    if len(key) > MAX_KEY_UNITS:
        raise LimitExceeded(
            f"the key {key[:40]}... is {len(key)} characters long; the limit is {MAX_KEY_UNITS}"
        )
    return key
