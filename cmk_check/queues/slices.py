"""The queue ``cmk-slices``: messages that plan a scan or run one of its slices.

If a response is lost, a message may be sent twice, so every step of a scan is repeatable.
"""

import json
from typing import Final

from cmk_check.core.scan_request import is_scan_id
from cmk_check.limits import MAX_SLICES
from cmk_check.ports import SliceMessage

SLICES_QUEUE: Final = "cmk-slices"
# Each message contains a scan id, and starts the next scan unless another scan has started since
# then.
OVERDUE_QUEUE: Final = "cmk-overdue"


def format_message(message: SliceMessage) -> str:
    """Return a message as ``{"scanId": "...", "slice": 7}``; a null slice means plan."""
    return json.dumps({"scanId": message.scan_id, "slice": message.slice})


def parse_object(text: str) -> dict[str, object]:
    """Parse an untrusted message; JSON that is not an object becomes an empty object.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the message must be JSON") from None
    return content if isinstance(content, dict) else {}


def parse_message(text: str) -> SliceMessage:
    """Parse the text of a message.

    Raises:
        ValueError: the text is invalid; the error names the requirement without quoting the text.
    """
    content = parse_object(text)
    if content.keys() != {"scanId", "slice"}:
        raise ValueError("the message must be an object with exactly scanId and slice")
    scan_id, number = content["scanId"], content["slice"]
    if not is_scan_id(scan_id):
        raise ValueError("scanId must be the id of a scan")
    # In Python, a JSON true is also an int.
    if number is not None and (type(number) is not int or number not in range(MAX_SLICES)):
        raise ValueError(f"slice must be null or a whole number from 0 to {MAX_SLICES - 1}")
    return SliceMessage(str(scan_id), number)
