"""JSON within a size limit: long values and lists are shortened, but never ids.

The output is ASCII with escaped control characters, so names cannot break a line.
"""

import json
from typing import Final

from cmk_check.limits import SHORTENED_TO

_IDS: Final = frozenset(
    {"event", "id", "type", "subject", "source", "scanId", "subscriptionId", "accountId"}
)


def bounded_json(value: object, most: int) -> str:
    """Return a value as JSON of at most ``most`` characters, which are as many bytes."""
    text = json.dumps(value, separators=(",", ":"))
    for chars, entries in SHORTENED_TO:
        if len(text) <= most:
            break
        text = json.dumps(_cut(value, chars, entries), separators=(",", ":"))
    return text


def _cut(value: object, chars: int, entries: int, name: str = "") -> object:
    match value:
        case dict():
            return {key: _cut(entry, chars, entries, key) for key, entry in value.items()}
        case list():
            return [_cut(entry, chars, entries) for entry in value[:entries]]
        case str() if name not in _IDS:
            return value[:chars]
        case _:
            return value
