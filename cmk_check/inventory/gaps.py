"""Translate errors in reading Azure into the gaps that people see.

Every sentence comes from the reason catalogue. A gap repeats only the error code and the action
from Azure's response, so that a gap never contains a person's name, a token or markup.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from traceback import walk_tb
from typing import Final

import aiohttp
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    DeserializationError,
    HttpResponseError,
    IncompleteReadError,
    SerializationError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from cmk_check.core.enums import GapReason
from cmk_check.core.gap import Gap
from cmk_check.core.reasons.connection_sentences import wrong_clock, wrong_tenant
from cmk_check.core.reasons.gap_sentences import BUG, OF_ERROR_CODES, make_gap
from cmk_check.inventory.api_versions import is_not_served
from cmk_check.inventory.connection_failures import connection_gap
from cmk_check.ports import InventoryError

READ_ACCOUNTS: Final = "Microsoft.CognitiveServices/accounts/read"
READ_SUBSCRIPTIONS: Final = "Microsoft.Resources/subscriptions/read"
READ_GROUP: Final = "Microsoft.Management/managementGroups/descendants/read"
READ_VAULTS: Final = "Microsoft.KeyVault/vaults/read"
READ_KEYS: Final = "Microsoft.KeyVault/vaults/keys/read"
READ_VERSIONS: Final = "Microsoft.KeyVault/vaults/keys/versions/read"
READ_HSMS: Final = "Microsoft.KeyVault/managedHSMs/read"
READ_HSM_KEYS: Final = "Microsoft.KeyVault/managedHSMs/keys/read"
READ_HSM_VERSIONS: Final = "Microsoft.KeyVault/managedHSMs/keys/versions/read"
READ_ASSIGNMENTS: Final = "Microsoft.Authorization/roleAssignments/read"
READ_ROLES: Final = "Microsoft.Authorization/roleDefinitions/read"
QUERY_GRAPH: Final = "Microsoft.ResourceGraph/resources/read"
READ_CHANGES: Final = "Microsoft.Resources/changes/read"
WATCH_ACTIONS: Final = (QUERY_GRAPH, READ_CHANGES)
"""The actions that the watch for changes needs."""
KEY_ACTIONS: Final = (
    READ_VAULTS,
    READ_KEYS,
    READ_VERSIONS,
    READ_HSMS,
    READ_HSM_KEYS,
    READ_HSM_VERSIONS,
    READ_ASSIGNMENTS,
    READ_ROLES,
    QUERY_GRAPH,
)
"""The actions that key health needs in addition to the actions for accounts."""

READ_EXEMPTIONS: Final = "Microsoft.Authorization/policyExemptions/read"
READ_POLICY_ASSIGNMENTS: Final = "Microsoft.Authorization/policyAssignments/read"
READ_POLICY_SETS: Final = "Microsoft.Authorization/policySetDefinitions/read"
EXCEPTION_ACTIONS: Final = (READ_EXEMPTIONS, READ_POLICY_ASSIGNMENTS, READ_POLICY_SETS)
"""The actions that exceptions need in addition to the actions for accounts."""

_SCOPE_ACTIONS: Final = (READ_ACCOUNTS, READ_SUBSCRIPTIONS, READ_GROUP, *WATCH_ACTIONS)
ALL_ACTIONS: Final = tuple(dict.fromkeys((*_SCOPE_ACTIONS, *KEY_ACTIONS, *EXCEPTION_ACTIONS)))
"""All actions of the role in infra/scope, without duplicates."""

TROUBLE: Final = (
    InventoryError,
    AzureError,
    DeserializationError,
    SerializationError,
    aiohttp.ClientError,
    OSError,
)
"""The errors that reading can raise; ``call_errors`` replaces all other errors."""
_log: Final = logging.getLogger(__name__)
MALFORMED: Final = make_gap(GapReason.MALFORMED_PAGE)
_ARM: Final = "Azure Resource Manager"
_WRONG_TENANT: Final = "invalidauthenticationtokentenant"
_ACTION: Final = re.compile(r"(?:perform action|Action:) '([A-Za-z0-9./*_-]{1,200})'")
_DISALLOWED: Final = frozenset({"disallowedoperation", "disallowedprovider"})
# These codes are too vague, and the innererror may be clearer.
_VAGUE: Final = frozenset({"conflict", "forbidden"})
_NOT_YET_VALID: Final = "not yet valid"
_CODE: Final = re.compile(r"[A-Za-z0-9._-]{1,60}")

# The order matters, because some classes are base classes of others. A truncated body is a broken
# connection, although the SDK treats it as a decoding error.
_REASONS: Final[tuple[tuple[tuple[type[Exception], ...], GapReason], ...]] = (
    ((IncompleteReadError,), GapReason.UNREACHABLE),
    ((DecodeError, DeserializationError, SerializationError), GapReason.MALFORMED_PAGE),
    ((ServiceRequestTimeoutError, ServiceResponseTimeoutError, TimeoutError), GapReason.TIMEOUT),
    (
        (ServiceRequestError, ServiceResponseError, aiohttp.ClientError, OSError),
        GapReason.UNREACHABLE,
    ),
)
_STATUSES: Final[Mapping[int, GapReason]] = {
    HTTPStatus.UNAUTHORIZED: GapReason.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: GapReason.FORBIDDEN,
    HTTPStatus.REQUEST_TIMEOUT: GapReason.TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS: GapReason.THROTTLED,
}


def build_gap(error: Exception, action: str) -> Gap:
    """Translate an error in reading to a gap; ``action`` is the permission that reading needs."""
    if isinstance(error, InventoryError):
        return error.gap
    for types, reason in _REASONS:
        if isinstance(error, types):
            known_gap = connection_gap(error, _ARM) if reason is GapReason.UNREACHABLE else None
            return known_gap or make_gap(reason)
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return _build_answer_gap(error, error.status_code, action)
    if isinstance(error, ClientAuthenticationError):
        return make_gap(GapReason.UNAUTHENTICATED)
    return make_gap(GapReason.UNEXPECTED_RESPONSE)


@contextmanager
def call_errors() -> Iterator[None]:
    """Run a call to Azure; log and replace every error that is not in ``TROUBLE``.

    Raises:
        InventoryError: an error not in ``TROUBLE`` occurred; the gap says whether this program's
            own code raised it.
    """
    try:
        yield
    except TROUBLE:
        raise
    except Exception as error:
        _log.exception("A call to Azure failed.")
        *_, (frame, _line) = walk_tb(error.__traceback__)
        module = str(frame.f_globals.get("__name__"))
        is_ours = module.partition(".")[0] == __name__.partition(".")[0]
        gap = BUG if is_ours else make_gap(GapReason.UNEXPECTED_RESPONSE)
        raise InventoryError(gap) from error


def get_404_code(error: Exception) -> str | None:
    """Return a 404 response's lower-cased code, "" without a code, or None for other statuses.

    Only the error code shows whether the resource, its parent or its type was not found. A proxy's
    error page contains no error code.
    """
    return get_code(error, HTTPStatus.NOT_FOUND)


def _build_answer_gap(error: HttpResponseError, status: int, action: str) -> Gap:
    code, message = _parse_error(error)
    reason, note = choose_reason(status, code.lower()), f"{status} {code or 'without a code'}"
    if reason is GapReason.UNAUTHENTICATED and code.lower() == _WRONG_TENANT:
        return wrong_tenant(note)
    if reason is GapReason.UNAUTHENTICATED and _NOT_YET_VALID in message.lower():
        return wrong_clock(note)
    what, end = OF_ERROR_CODES.get(code.lower(), (None, None))
    missing = None
    if reason is GapReason.FORBIDDEN:
        match = _ACTION.search(message)
        missing = match[1] if match else action
    return make_gap(reason, note, missing_action=missing, message=what, way_out=end)


def choose_reason(status: int, code: str) -> GapReason:
    """Return the gap reason for a failed response; ``code`` is lower-cased."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return GapReason.SERVER_ERROR
    if status == HTTPStatus.NOT_FOUND and code == "subscriptionnotfound":
        return GapReason.NOT_FOUND
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND} and is_not_served(code):
        return GapReason.API_VERSION_UNSUPPORTED
    if code in _DISALLOWED:
        return GapReason.DISALLOWED
    # A vault itself responds with 400: ForbiddenByRbac, ForbiddenByFirewall, ...
    if status == HTTPStatus.BAD_REQUEST and code.startswith("forbidden"):
        return GapReason.FORBIDDEN
    return _STATUSES.get(status, GapReason.UNEXPECTED_RESPONSE)


def get_code(error: Exception, *statuses: int) -> str | None:
    """Return the lower-cased error code of a response if its status is one of ``statuses``."""
    if not isinstance(error, HttpResponseError) or error.status_code not in statuses:
        return None
    return _parse_error(error)[0].lower()


def _parse_error(error: HttpResponseError) -> tuple[str, str]:
    return ("", "") if error.response is None else arm_error(error.response.text)


def arm_error(text: Callable[[], str]) -> tuple[str, str]:
    """Return code and message from an error body, with or without ARM's wrapper, in any casing.

    ``text`` returns the body. If an error code is as vague as the status, the innererror's code
    replaces that code. A proxy's HTML page, for example, has no code or message.
    """
    try:
        body = json.loads(text())
    except (AzureError, LookupError, RecursionError, ValueError):
        return "", ""
    fields = _lower_names(body)
    fields = _lower_names(fields.get("error")) or fields
    code, message = fields.get("code"), fields.get("message")
    inner = _lower_names(fields.get("innererror")).get("code")
    if isinstance(code, str) and code.lower() in _VAGUE and isinstance(inner, str):
        code = inner
    return (
        code if isinstance(code, str) and _CODE.fullmatch(code) else "",
        message if isinstance(message, str) else "",
    )


def _lower_names(value: object) -> dict[str, object]:
    return {name.lower(): part for name, part in value.items()} if isinstance(value, dict) else {}
