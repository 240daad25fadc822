"""Read the parts of a JSON document by name, and limit the steps of work for a document.

Azure ignores case in names, so a second spelling of a name may hide a value that is deployed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from cmk_check.limits import MAX_CHECK_STEPS, MAX_EXPRESSION_SHOWN_CHARS

_NUMBERS: Final = count()
# One process judges one document at a time.
_STEPS: Final = [0]


class RepeatedName(ValueError):
    """A JSON object contains the same name twice."""


class TooMuchWork(Exception):
    """Judging the document takes more steps than ``MAX_CHECK_STEPS``."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An expression whose value is unknown; expressions with equal ``key`` have equal values."""

    text: str
    key: str = field(default_factory=lambda: f"?{next(_NUMBERS)}")


def begin_document() -> None:
    """Reset the counter of steps before the next document."""
    _STEPS[0] = 0


def spend(steps: int) -> None:
    """Count steps of work; raise ``TooMuchWork`` if the document has taken too many steps."""
    _STEPS[0] += steps
    if _STEPS[0] > MAX_CHECK_STEPS:
        begin_document()
        raise TooMuchWork("the document is too large to judge")


def brief(text: str) -> str:
    """Shorten an expression for display, because it may be pages long."""
    is_long = text.startswith("[") and len(text) > MAX_EXPRESSION_SHOWN_CHARS
    return f"{text[: MAX_EXPRESSION_SHOWN_CHARS - 3]}..." if is_long else text


def as_list(value: object) -> list[object]:
    """Return ``value`` if it is a JSON list, otherwise an empty list."""
    return value if isinstance(value, list) else []


def as_dict(pairs: Sequence[tuple[str, object]], line: int | None = None) -> dict[str, object]:
    """Build a JSON object from its members; raise ``RepeatedName`` if a name occurs twice."""
    if len(members := dict(pairs)) < len(pairs):
        [(name, _)] = Counter(name for name, _ in pairs).most_common(1)
        place = f"line {line}: " if line else ""
        raise RepeatedName(f"{place}{name!r} occurs twice in an object")
    return members


def member(value: object, *path: str) -> object:
    """Return the nested member at ``path``, ignoring case as Azure does, or None if it is missing.

    If a member's name contains a lookalike of a letter, the member's value is ``Unresolved``.

    Raises:
        RepeatedName: an object contains several spellings of one name.
    """
    for name in path:
        if isinstance(value, Unresolved):
            break
        members = value if isinstance(value, dict) else {}
        spend(len(members))
        names = [each for each in members if each.casefold() == name.casefold()]
        if names[1:]:
            place = f"line {value.line}: " if hasattr(value, "line") else ""
            raise RepeatedName(f"{place}Azure takes {' and '.join(names)} for one name")
        value = members[names[0]] if names else None
        if names and not names[0].isascii():
            value = Unresolved(names[0])
    return value
