"""The input of a function that an operator starts by hand.

https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http
"""

from collections.abc import Mapping
from uuid import uuid4

from local.functions_host.data import Data, Json, Text
from local.functions_host.functions import Function, HttpTrigger, QueueTrigger, TimerTrigger
from local.functions_host.timer_info import timer_info


def admin_input(function: Function, text: str) -> tuple[Data, Mapping[str, Data]]:
    """Return the trigger's value and metadata; ``text`` becomes a queue trigger's message.

    Raises:
        ValueError: The function has an HTTP trigger; it is called by its URL.
    """
    match function.trigger:
        case TimerTrigger():
            return timer_info(None), {}
        case QueueTrigger():
            metadata = {"QueueTrigger": Text(text), "Id": Text(str(uuid4()))}
            return Text(text), metadata | {"DequeueCount": Json("0")}
        case HttpTrigger():
            raise ValueError(function.name)
