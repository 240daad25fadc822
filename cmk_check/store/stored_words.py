"""Read words in rows that another version wrote, so that an app can be rolled back.

New versions add reasons and other words without changing the row schema. In JSON values, a word
that this version does not know is replaced with a word that claims nothing and makes the next scan
read Azure again. ``StandIns`` maps a field's name to the replacement; None leaves the word out.
"""

import json
from collections.abc import Mapping
from functools import reduce
from operator import getitem
from typing import Any

from pydantic import TypeAdapter, ValidationError

type StandIns = Mapping[str, str | None]


def read[T](adapter: TypeAdapter[T], stand_ins: StandIns, text: str) -> T:
    """Return the value from JSON that any version of the schema wrote.

    Raises:
        ValueError: the JSON does not represent such a value.
    """
    try:
        return _read(adapter, stand_ins, text)
    except RecursionError:
        raise ValueError("It is nested too deeply.") from None


def _read[T](adapter: TypeAdapter[T], stand_ins: StandIns, text: str) -> T:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        document = json.loads(text)
        # The last fault comes first, because leaving a word out of a list moves the words after it.
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
