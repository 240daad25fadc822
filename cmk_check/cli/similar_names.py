"""Suggests names for one that is unknown."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from cmk_check.limits import MAX_NAMES_LISTED


def similar_names(wanted: str, names: Iterable[str]) -> Sequence[str]:
    """Return the names that an unknown name may have meant, case-insensitively.

    They are spelled like the unknown name or contain it.
    """
    text, known = wanted.strip().lower(), sorted(set(names))
    close = get_close_matches(text, sorted({name.lower() for name in known}), MAX_NAMES_LISTED)
    alike = [name for match in close for name in known if name.lower() == match]
    containing = [name for name in known if text and text in name.lower()]
    return list(dict.fromkeys([*alike, *containing]))[:MAX_NAMES_LISTED]
