"""The body of a request to start a scan: which subscriptions alone are to be read.

It is read by hand, so that the answer to a wrong one names what is wrong in it.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from cmk_check.core.enums import Disposition
from cmk_check.core.scope import Scope
from cmk_check.core.text import GUID, is_guid
from cmk_check.limits import (
    MAX_NAME_SHOWN_CHARS,
    MAX_SCAN_REQUEST_BYTES,
    MAX_SUBSCRIPTIONS_NAMED,
)
from cmk_check.web.http.refusals import RequestRefused

_NAME: Final = "subscriptions"
_MUST_BE: Final = f"subscriptions must be a list of 1 to {MAX_SUBSCRIPTIONS_NAMED:,} ids."

OPENAPI: Final[Mapping[str, Any]] = {
    "requestBody": {
        "required": False,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        _NAME: {
                            "type": "array",
                            "description": "Only these subscriptions are read: a partial scan.",
                            "minItems": 1,
                            "maxItems": MAX_SUBSCRIPTIONS_NAMED,
                            "items": {"type": "string", "pattern": f"^{GUID}$"},
                        }
                    },
                    "additionalProperties": False,
                }
            }
        },
    }
}


def named_in(body: bytes, scope: Scope) -> frozenset[str]:
    """Return the subscriptions that a body names, by lower-cased id; an empty one names none.

    Raises:
        RequestRefused: the body is invalid, or names a subscription that is not scanned.

    """
    if not body.strip():
        return frozenset()
    if len(body) > MAX_SCAN_REQUEST_BYTES:
        raise _refused(f"The body must have at most {MAX_SCAN_REQUEST_BYTES:,} bytes.")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if content == {}:
        return frozenset()
    if not isinstance(content, dict) or content.keys() != {_NAME}:
        raise _refused('The body must be empty or {"subscriptions": [ids]}.')
    ids = content[_NAME]
    if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_SUBSCRIPTIONS_NAMED:
        raise _refused(_MUST_BE)
    return frozenset(_id(entry, scope) for entry in ids)


def _id(entry: object, scope: Scope) -> str:
    if not isinstance(entry, str) or not is_guid(entry):
        shown = ascii(entry)[:MAX_NAME_SHOWN_CHARS]
        raise _refused(
            f"{shown} must be a subscription id like 00000000-0000-0000-0000-000000000000."
        )
    subscription_id = entry.lower()
    if scope.of_unlisted(subscription_id, None) is Disposition.EXCLUDED:
        raise _refused(
            f"The subscription {subscription_id} must be one that is scanned; "
            "CMK_INCLUDE_SUBSCRIPTIONS or CMK_EXCLUDE_SUBSCRIPTIONS leaves it out."
        )
    return subscription_id


def _refused(message: str) -> RequestRefused:
    return RequestRefused(HTTPStatus.BAD_REQUEST, "InvalidParameter", message, _NAME)
