"""The queue ``cmk-slices``: the messages that start planning a scan and working its slices.

A message may be sent twice when an answer is lost; every step of a scan bears being run again.
"""

import json
from collections.abc import Sequence
from typing import Final

from cmk_check.ports import SliceMessage, TextQueue
from cmk_check.queues.messages import object_of

SLICES_QUEUE: Final = "cmk-slices"


class SliceQueue:
    """Sends slices to their queue."""

    def __init__(self, queue: TextQueue) -> None:
        self._queue = queue

    async def send(self, messages: Sequence[SliceMessage]) -> None:
        """Send them all; see ``Queues.send``."""
        await self._queue.send([format_message(message) for message in messages])


def format_message(message: SliceMessage) -> str:
    """Return the text of a message: ``{"scanId": "...", "slice": 7}``, null meaning plan."""
    return json.dumps({"scanId": message.scan_id, "slice": message.slice})


def parse_message(text: str) -> SliceMessage:
    """Read the text of a message.

    Raises:
        ValueError: says what is wrong with it.

    """
    content = object_of(text)
    if content.keys() != {"scanId", "slice"}:
        raise ValueError("the message is no object of exactly scanId and slice")
    scan_id, number = content["scanId"], content["slice"]
    if not isinstance(scan_id, str) or not scan_id:
        raise ValueError("scanId is no text")
    # JSON's true is an int to Python.
    if number is not None and (type(number) is not int or number < 0):
        raise ValueError("slice is neither null nor a number from 0 on")
    return SliceMessage(scan_id, number)
