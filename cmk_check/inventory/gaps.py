"""What went wrong while reading Azure, translated once into the gap that a person sees.

Every sentence is ours: of Azure's answer only its error code and the action it names are repeated,
so no name of a person, no token and no markup can come along.
"""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
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
from cmk_check.core.model import Gap
from cmk_check.errors import InventoryError

READ_ACCOUNTS: Final = "Microsoft.CognitiveServices/accounts/read"
READ_SUBSCRIPTIONS: Final = "Microsoft.Resources/subscriptions/read"
READ_VAULTS: Final = "Microsoft.KeyVault/vaults/read"
READ_KEYS: Final = "Microsoft.KeyVault/vaults/keys/read"
READ_VERSIONS: Final = "Microsoft.KeyVault/vaults/keys/versions/read"
READ_HSMS: Final = "Microsoft.KeyVault/managedHSMs/read"
READ_HSM_KEYS: Final = "Microsoft.KeyVault/managedHSMs/keys/read"
READ_HSM_VERSIONS: Final = "Microsoft.KeyVault/managedHSMs/keys/versions/read"
READ_ASSIGNMENTS: Final = "Microsoft.Authorization/roleAssignments/read"
READ_ROLES: Final = "Microsoft.Authorization/roleDefinitions/read"
READ_SCOPES: Final = "Microsoft.CognitiveServices/accounts/encryptionScopes/read"
QUERY_GRAPH: Final = "Microsoft.ResourceGraph/resources/read"
KEY_ACTIONS: Final = (
    READ_VAULTS,
    READ_KEYS,
    READ_VERSIONS,
    READ_HSMS,
    READ_HSM_KEYS,
    READ_HSM_VERSIONS,
    READ_ASSIGNMENTS,
    READ_ROLES,
    READ_SCOPES,
    QUERY_GRAPH,
)
"""What key health reads with, beyond the actions for accounts."""

# What reading can raise. The last four are what the SDK raises for bodies that it does not expect.
TROUBLE: Final = (
    InventoryError,
    AzureError,
    aiohttp.ClientError,
    OSError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
_ACTION: Final = re.compile(r"perform action '([A-Za-z0-9./*_-]{1,200})'")
_NO_SUCH_TYPE: Final = frozenset(
    {"invalidresourcetype", "missingsubscriptionregistration", "noregisteredproviderfound"}
)
_CODE: Final = re.compile(r"[A-Za-z0-9._-]{1,60}")

# In order: some of these are bases of others. A body cut short is a broken connection, though the
# SDK counts it among those it cannot decode.
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

SIGN_IN_HELP: Final = (
    "No token for Azure could be had: check that the app has its managed identity, and that "
    "AZURE_CLIENT_ID is that identity's client id; on a laptop, run `az login`."
)
_AGAIN: Final = "the next scan tries again; if it stays"
_SUPPORT: Final = "open a support request with Azure"
# What happened and what to do, for the reasons that need no word of Azure's.
_SENTENCES: Final[Mapping[GapReason, str]] = {
    GapReason.TIMEOUT: (
        f"Azure did not answer in time: {_AGAIN}, raise CMK_SUBSCRIPTION_TIMEOUT_SECONDS."
    ),
    GapReason.THROTTLED: (
        f"Azure asked for longer pauses than a scan may make: {_AGAIN}, lower CMK_MAX_IN_FLIGHT "
        "or raise CMK_RETRY_AFTER_MAX_SECONDS."
    ),
    GapReason.UNREACHABLE: (
        f"Azure could not be reached or the connection broke: {_AGAIN}, check DNS, firewall, "
        "proxy and certificates between the app and Azure Resource Manager."
    ),
    GapReason.MALFORMED_PAGE: (
        f"Azure's answer had not the shape of what was asked for: {_AGAIN}, check that no proxy "
        f"answers in its place, and {_SUPPORT}."
    ),
    GapReason.UNTRUSTED_NEXT_LINK: (
        "Azure named a next page that was not asked for, since it is on another host, came before, "
        f"or is one too many: {_AGAIN}, {_SUPPORT}."
    ),
    GapReason.UNEXPECTED_RESPONSE: (
        f"Azure answered in a way that is not known here: {_AGAIN}, look for a newer version of "
        f"this program or {_SUPPORT}."
    ),
}
# What to do, for the reasons that repeat status and code of Azure's answer.
_CURES: Final[Mapping[GapReason, str]] = {
    GapReason.UNAUTHENTICATED: (
        "check that the app's managed identity exists in the tenant of the subscription, and that "
        "AZURE_CLIENT_ID is its client id"
    ),
    GapReason.NOT_FOUND: (
        "if the subscription was deleted or moved to another tenant, add its id to "
        "CMK_EXCLUDE_SUBSCRIPTIONS"
    ),
    GapReason.SERVER_ERROR: f"{_AGAIN}, look at Azure's status page",
    GapReason.UNEXPECTED_RESPONSE: (
        f"{_AGAIN}, look for a newer version of this program or {_SUPPORT}"
    ),
}


def plain(reason: GapReason) -> Gap:
    """Return the gap of a reason that needs no further word."""
    return Gap(reason, detail=_SENTENCES[reason])


def unusable_accounts(count: int) -> Gap:
    """Return the gap of a list in which so many entries had no usable id."""
    accounts, them, stay = (
        ("account", "it", "it stays") if count == 1 else ("accounts", "them", "they stay")
    )
    return Gap(
        GapReason.MALFORMED_ACCOUNT,
        detail=f"Azure listed {count} {accounts} without a usable id; all others were read. Look "
        f"for {them} with `az cognitiveservices account list`; if {stay}, {_SUPPORT}.",
    )


def vault_not_seen(action: str) -> Gap:
    """Return the gap of a vault that is nowhere to be seen, and was not seen before either.

    Azure hides what may not be read, so nobody can say from here which of the two it is.
    """
    return Gap(
        GapReason.FORBIDDEN,
        missing_action=action,
        detail="No key vault of this name is visible: it was deleted, or is in a subscription that "
        "the app's identity may not read (a new one shows up within minutes). Grant the identity "
        "Reader on the vault's subscription, or set a key of another vault on the account.",
    )


def vault_hidden(action: str) -> Gap:
    """Return the gap of a vault in a subscription that Azure says it cannot find."""
    return Gap(
        GapReason.NOT_FOUND,
        missing_action=action,
        detail="Azure does not find the subscription in which the vault was: it was deleted, moved "
        "to another tenant, or the app's identity lost its access to it. Grant the identity Reader "
        "on it, or set a key of another vault on the account.",
    )


def unusable_key(what: str) -> Gap:
    """Return the gap of an account whose key cannot be looked for; ``what`` is wrong with it."""
    return Gap(
        GapReason.UNEXPECTED_RESPONSE,
        detail=f"{what}, so that its key cannot be looked at: set the key again on the account.",
    )


def odd_role() -> Gap:
    """Return the gap of grants that do not suffice, but for one that could not be understood."""
    return Gap(
        GapReason.MALFORMED_PAGE,
        detail="A role assignment, or its role, could not be understood here, and no other lets "
        "the account's identity use the key: assign it Key Vault Crypto User on the key or its "
        "vault.",
    )


def another_vault() -> Gap:
    """Return the gap of a vault that answers for another address than the account names."""
    return Gap(
        GapReason.UNEXPECTED_RESPONSE,
        detail="The vault found under this name has another address than the account names: set "
        f"the key again on the account; if that does not help, {_SUPPORT}.",
    )


def no_token() -> Gap:
    """Return the gap of a credential that gave no token."""
    return Gap(GapReason.UNAUTHENTICATED, detail=SIGN_IN_HELP)


def gap_of(error: Exception, action: str) -> Gap:
    """Translate an error of reading; ``action`` is the permission that reading needs."""
    if isinstance(error, InventoryError):
        return error.gap
    for types, reason in _REASONS:
        if isinstance(error, types):
            return plain(reason)
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return _gap_of_answer(error, error.status_code, action)
    if isinstance(error, ClientAuthenticationError):
        return no_token()
    return plain(GapReason.UNEXPECTED_RESPONSE)


def is_unregistered(error: Exception) -> bool:
    """Say whether Azure answered that the subscription does not use the provider at all."""
    return (
        isinstance(error, HttpResponseError)
        and error.status_code == HTTPStatus.CONFLICT
        and _arm_error(error)[0].lower() == "missingsubscriptionregistration"
    )


def code_of_404(error: Exception) -> str | None:
    """Return the code of an answer that says "not found", lower-cased and "" for none; else None.

    What was not found is told by the code alone: the thing, where it lies, its type, or the page of
    a proxy.
    """
    if isinstance(error, HttpResponseError) and error.status_code == HTTPStatus.NOT_FOUND:
        return _arm_error(error)[0].lower()
    return None


def cannot_have_scopes(error: Exception) -> bool:
    """Say whether Azure answered that where the account is there are no encryption scopes.

    Of a kind or region that has none it says so with 400 BadRequest, where a scope is made: other
    tools know it by its message. The codes are those for types that a cloud, region, version or
    subscription does not have. Were a list answered so, nobody could end what is then unknown.
    """
    if not isinstance(error, HttpResponseError):
        return False
    code, message = (text.lower() for text in _arm_error(error))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return bool(code)  # which a proxy's page has not
    words = ("encryption scope", "not supported")
    unsupported = error.status_code == HTTPStatus.BAD_REQUEST and all(w in message for w in words)
    return unsupported or code in _NO_SUCH_TYPE


def _gap_of_answer(error: HttpResponseError, status: int, action: str) -> Gap:
    code, message = _arm_error(error)
    reason, missing = _reason_of(status, code), None
    cure = _CURES.get(reason)
    if reason is GapReason.FORBIDDEN:
        found = _ACTION.search(message)
        missing = found[1] if found else action
        cure = f"grant the app's identity the role Reader, or one with {missing}"
    if cure is None:
        return plain(reason)
    return Gap(reason, missing, f"Azure answered {status} {code or '(no code)'}: {cure}.")


def _reason_of(status: int, code: str) -> GapReason:
    if status == HTTPStatus.NOT_FOUND and code.lower() == "subscriptionnotfound":
        return GapReason.NOT_FOUND
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return GapReason.SERVER_ERROR
    return _STATUSES.get(status, GapReason.UNEXPECTED_RESPONSE)


def _arm_error(error: HttpResponseError) -> tuple[str, str]:
    """Take code and message out of an answer; some providers leave out ARM's wrapper, in any case.

    An answer that is no JSON, as a proxy's page of HTML, has neither.
    """
    try:
        body = json.loads(error.response.text()) if error.response is not None else None
    except (AzureError, LookupError, RecursionError, ValueError):
        return "", ""
    fields = _lowered(body)
    fields = _lowered(fields.get("error")) or fields
    code, message = fields.get("code"), fields.get("message")
    return (
        code if isinstance(code, str) and _CODE.fullmatch(code) else "",
        message if isinstance(message, str) else "",
    )


def _lowered(value: object) -> dict[str, object]:
    return {name.lower(): part for name, part in value.items()} if isinstance(value, dict) else {}
