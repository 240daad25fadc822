"""Texts of queue messages, taken for JSON objects; anybody who may write to a queue writes them."""

import json


def object_of(text: str) -> dict[str, object]:
    """Return the JSON object that a text is; other JSON is as an object without any field.

    Raises:
        ValueError: it is no JSON.

    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("the message is nested too deep") from None
    except ValueError:
        raise ValueError("the message is no JSON") from None
    return content if isinstance(content, dict) else {}
