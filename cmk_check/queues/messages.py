"""Parsing of queue messages, which come from everyone who may write to the queue."""

import json


def object_of(text: str) -> dict[str, object]:
    """Parse a text as a JSON object; other JSON counts as an empty object.

    Raises:
        ValueError: the text is not JSON.

    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("the message is nested too deeply") from None
    except ValueError:
        raise ValueError("the message must be JSON") from None
    return content if isinstance(content, dict) else {}
