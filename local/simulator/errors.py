"""Errors in the words of Azure Resource Manager, because clients and people act on those words.

Codes and sentences are the real ones. The docstring says where no real answer was available to
compare with.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from local.simulator.messages import NO_HEADERS, Incoming, Reply

_ACCOUNTS: Final = "Microsoft.CognitiveServices"
_GATEWAY: Final = {"x-ms-failure-cause": "gateway"}
_POLICY_WORDS: Final = {
    "policyDefinitions": ("PolicyDefinition", "policy definition '{}' could not be found"),
    "policySetDefinitions": (
        "PolicySetDefinition",
        "policy set definition '{}' could not be found",
    ),
    "policyAssignments": ("PolicyAssignment", "policy assignment '{}' is not found"),
    "policyExemptions": ("PolicyExemption", "policy exemption '{}' is not found"),
}


def error(status: int, code: str, message: str, headers: Mapping[str, str] = NO_HEADERS) -> Reply:
    """Answer with the error wrapper of Azure Resource Manager."""
    return Reply.of(status, {"error": {"code": code, "message": message}}, {**_GATEWAY, **headers})


def not_simulated(incoming: Incoming, what: str = "") -> Reply:
    """Answer 501 to a request that is not simulated, rather than pretend that nothing exists."""
    wanted = f"{incoming.method} {incoming.url}"
    message = f"The simulator does not support {wanted}{': ' + what if what else ''}."
    return error(501, "NotSimulated", message)


def missing_api_version() -> Reply:
    """Refuse a request without ``api-version``."""
    message = "The api-version query parameter (?api-version=) is required for all requests."
    return error(400, "MissingApiVersionParameter", message)


def invalid_api_version(version: str, supported: tuple[str, ...]) -> Reply:
    """Refuse a version that Azure does not have for its own types, such as subscriptions."""
    known = ",".join(supported)
    message = f"The api-version '{version}' is invalid. The supported versions are '{known}'."
    return error(400, "InvalidApiVersionParameter", message)


def invalid_resource_type(
    provider: str, kind: str, version: str, supported: tuple[str, ...]
) -> Reply:
    """Refuse a version that a resource provider lacks: 404, not 400, in recorded answers."""
    message = (
        f"The resource type '{kind}' could not be found in the namespace '{provider}' for "
        f"api version '{version}'. The supported api-versions are '{','.join(supported)}'."
    )
    return error(404, "InvalidResourceType", message)


def _unauthenticated(code: str, message: str, challenge: str, tenant_id: str) -> Reply:
    header = (
        f'Bearer authorization_uri="https://login.windows.net/{tenant_id}", '
        f'error="invalid_token", error_description="{challenge}"'
    )
    return error(401, code, message, {"WWW-Authenticate": header})


def missing_authorization(tenant_id: str) -> Reply:
    """Refuse a request without a bearer token."""
    message = "Authentication failed. The 'Authorization' header is missing."
    challenge = "The authentication failed because of missing 'Authorization' header."
    return _unauthenticated("AuthenticationFailed", message, challenge, tenant_id)


def invalid_token(tenant_id: str) -> Reply:
    """Refuse a token that this tenant did not issue."""
    return _unauthenticated(
        "InvalidAuthenticationToken",
        "The access token is invalid.",
        "The access token is invalid.",
        tenant_id,
    )


def wrong_audience(audience: str, allowed: tuple[str, ...], tenant_id: str) -> Reply:
    """Refuse a token made for another service."""
    message = (
        f"The access token has been obtained for wrong audience or resource '{audience}'. It "
        f"should exactly match with one of the allowed audiences '{"','".join(allowed)}'."
    )
    challenge = "The access token has been obtained for wrong audience."
    return _unauthenticated("InvalidAuthenticationTokenAudience", message, challenge, tenant_id)


def expired_token(expiry: datetime, tenant_id: str) -> Reply:
    """Refuse a token that has expired."""
    then, now = (f"{time:%m/%d/%Y %I:%M:%S %p}" for time in (expiry, datetime.now(UTC)))
    message = f"The access token expiry UTC time '{then}' is earlier than current UTC time '{now}'."
    challenge = "The access token expired."
    return _unauthenticated("ExpiredAuthenticationToken", message, challenge, tenant_id)


def invalid_subscription_id(subscription_id: str) -> Reply:
    """Refuse an id that is not a GUID."""
    message = f"The provided subscription identifier '{subscription_id}' is malformed or invalid."
    return error(400, "InvalidSubscriptionId", message)


def subscription_not_found(subscription_id: str) -> Reply:
    """Answer that the subscription does not exist or is deleted."""
    message = f"The subscription '{subscription_id}' could not be found."
    return error(404, "SubscriptionNotFound", message)


def authorization_failed(client_id: str, object_id: str, action: str, scope: str) -> Reply:
    """Answer which action the caller lacks, and at which scope."""
    message = (
        f"The client '{client_id}' with object id '{object_id}' does not have authorization to "
        f"perform action '{action}' over scope '{scope}' or the scope is invalid. If access was "
        "recently granted, please refresh your credentials."
    )
    return error(403, "AuthorizationFailed", message)


def missing_registration() -> Reply:
    """Answer that the resource provider is not registered in the subscription."""
    message = (
        f"The subscription is not registered to use namespace '{_ACCOUNTS}'. See "
        "https://aka.ms/rps-not-found for how to register subscriptions."
    )
    code = "MissingSubscriptionRegistration"
    details = [{"code": code, "target": _ACCOUNTS, "message": message}]
    body = {"error": {"code": code, "message": message, "details": details}}
    return Reply.of(409, body, _GATEWAY)


def resource_group_not_found(group: str) -> Reply:
    """Answer that the resource group does not exist."""
    return error(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def resource_not_found(kind: str, group: str, name: str) -> Reply:
    """Answer that the resource does not exist."""
    message = (
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return error(404, "ResourceNotFound", message)


def parent_not_found(kind: str, parent_id: str) -> Reply:
    """Answer that the parent of the resource does not exist."""
    message = (
        f"Failed to perform 'read' on resource(s) of type '{kind}', because the parent resource "
        f"'{parent_id}' could not be found."
    )
    return error(404, "ParentResourceNotFound", message)


def key_not_found(name: str) -> Reply:
    """Answer that the vault has no such key, in the vault's words; no answer of ARM to compare."""
    message = (
        f"A key with (name/id) {name} was not found in this key vault. If you recently deleted "
        "this key you may be able to recover it using the correct recovery command."
    )
    return error(404, "KeyNotFound", message)


def vault_already_exists(name: str) -> Reply:
    """Refuse a name that another vault has, or had: names of vaults are worldwide."""
    message = (
        f"The vault name '{name}' is already in use. Vault names are globally unique so it is "
        "possible that the name is already taken. If you are sure that the vault name was not "
        "taken then it is possible that a vault with the same name was recently deleted but not "
        "purged after being placed in a recoverable state."
    )
    return error(409, "VaultAlreadyExists", message)


def purge_protection_stays() -> Reply:
    """Refuse to switch purge protection off."""
    message = (
        'The property "enablePurgeProtection" cannot be set to false. Enabling the purge '
        "protection for a vault is an irreversible action."
    )
    return error(400, "BadRequest", message)


def assignment_exists(assignment_id: str) -> Reply:
    """Refuse to assign a role to a principal twice at the same scope."""
    message = (
        "The role assignment already exists. The ID of the existing role assignment is "
        f"{assignment_id}."
    )
    return error(409, "RoleAssignmentExists", message)


def role_not_found(role_id: str) -> Reply:
    """Answer that the role definition does not exist."""
    message = f"The specified role definition with ID '{role_id}' does not exist."
    return error(404, "RoleDefinitionDoesNotExist", message)


def invalid_skip_token() -> Reply:
    """Refuse a continuation not issued here; no real answer to compare the code with."""
    return error(
        400, "InvalidSkipToken", "The value of the query parameter '$skiptoken' is invalid."
    )


def invalid_request_content() -> Reply:
    """Refuse a body that is not JSON; the rest of the real sentence quotes the parser."""
    message = "The request content was invalid and could not be deserialized."
    return error(400, "InvalidRequestContent", message)


def key_vault_properties_invalid() -> Reply:
    """Refuse a key that the account cannot use; no real answer to compare the code with."""
    return error(400, "BadRequest", "KeyVaultProperties is invalid.")


def policy_not_found(type_: str, name: str) -> Reply:
    """Answer that there is no such policy object; for exemptions, the sentence is assumed."""
    code, words = _POLICY_WORDS[type_]
    return error(404, f"{code}NotFound", f"The {words.format(name)}.")


def policy_exemption_invalid(name: str, reason: str) -> Reply:
    """Refuse an exemption outside of its assignment; no real answer to compare the code with."""
    message = f"The policy exemption '{name}' create request is invalid. {reason}"
    return error(400, "InvalidCreatePolicyExemptionRequest", message)


def policy_reference_invalid(name: str) -> Reply:
    """Refuse reference ids where the assignment is not one of an initiative."""
    message = (
        f"The policy exemption '{name}' create request is invalid. The associated policy "
        "assignment is an assignment of a policy definition. The policy definition reference is "
        "only valid for policy assignments of policy set definitions."
    )
    return error(400, "InvalidPolicyDefinitionReference", message)
