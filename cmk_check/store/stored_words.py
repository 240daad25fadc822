"""Words in rows that a later version added, so that an app can be rolled back.

Versions add reasons and other words without changing the schema of rows. In JSON values:

- A word in ``LATER`` is written as a word that every version knows and that makes each of them read
  Azure again; the later word is stored in an additional field.
- A word that this version does not know is read as a word that claims nothing.

``StandIns`` maps a field's name to the replacement; None leaves the word out.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial, reduce
from operator import getitem
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

type StandIns = Mapping[str, str | None]

LATER: Final[tuple[str, ...]] = ()
"""Words that the first version of the schema did not have."""

_BESIDE: Final = "later_"


def written[T](adapter: TypeAdapter[T], value: T, stand_ins: StandIns) -> str:
    """Return a value as JSON that every version of the schema can read."""
    text = adapter.dump_json(value).decode()
    if not any(f'"{word}"' in text for word in LATER):
        return text
    return _mapped(text, partial(_as_before, stand_ins))


def read[T](adapter: TypeAdapter[T], stand_ins: StandIns, text: str) -> T:
    """Return the value from JSON that any version of the schema wrote.

    Raises:
        ValueError: the JSON is not such a value.

    """
    try:
        return _read(adapter, stand_ins, text)
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None


def _read[T](adapter: TypeAdapter[T], stand_ins: StandIns, text: str) -> T:
    if f'"{_BESIDE}' in text:
        text = _mapped(text, partial(_as_now, stand_ins))
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        document = json.loads(text)
        # Last fault first: leaving a word out of a list moves the words after it.
        for fault in reversed(error.errors(include_url=False)):
            *path, last = fault["loc"]
            name = last if isinstance(last, str) or not path else path[-1]
            is_word = fault["type"] == "enum" and isinstance(fault["input"], str)
            if not is_word or name not in stand_ins:
                raise
            place: Any = reduce(getitem, path, document)
            if stand_ins[name] is None and isinstance(place, list):
                del place[last]
            else:
                place[last] = stand_ins[name]
        return adapter.validate_json(json.dumps(document))


def _mapped(text: str, change: Callable[[dict[str, object]], object]) -> str:
    return json.dumps(json.loads(text, object_hook=change), ensure_ascii=False)


def _as_before(stand_ins: StandIns, part: dict[str, object]) -> dict[str, object]:
    later = {name: part[name] for name in stand_ins if part.get(name) in LATER}
    beside = {f"{_BESIDE}{name}": word for name, word in later.items()}
    return part | {name: stand_ins[name] for name in later} | beside


def _as_now(stand_ins: StandIns, part: dict[str, object]) -> dict[str, object]:
    beside = {name: part.get(f"{_BESIDE}{name}") for name in stand_ins}
    return part | {name: word for name, word in beside.items() if word in LATER}
