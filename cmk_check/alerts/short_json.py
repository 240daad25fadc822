"""JSON within a size limit: long values are shortened, but never ids.

The output is ASCII with escaped control characters, so names cannot break a line.
"""

import json
from typing import Final

from cmk_check.limits import SHORTENED_CHARS

_IDS: Final = frozenset({"event", "id", "type", "subject", "source", "scanId", "subscriptionId"})


def short_json(value: object, most: int) -> str:
    """Return a value as JSON of at most ``most`` characters, which are as many bytes."""
    text = json.dumps(value, separators=(",", ":"))
    for longest in SHORTENED_CHARS:
        if len(text) <= most:
            break
        text = json.dumps(_cut(value, longest), separators=(",", ":"))
    return text


def _cut(value: object, longest: int, name: str = "") -> object:
    match value:
        case dict():
            return {key: _cut(entry, longest, key) for key, entry in value.items()}
        case str() if name not in _IDS:
            return value[:longest]
        case _:
            return value
