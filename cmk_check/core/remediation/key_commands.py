"""What ends the reasons for a broken key, where a command of ``az`` can end them.

No whole plan: each reason has its own command, with the real names, for people who have rights on
the vault and its keys. Names from Azure are hostile text: one that could not be a name there leaves
its reason without a command. docs/key-health.md explains the commands.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cmk_check.core.enums import KeyReason, KeyRotation
from cmk_check.core.model import Finding, KeyConcern, KeyHealth
from cmk_check.core.remediation.az_script import quoted
from cmk_check.core.text import GUID
from cmk_check.limits import KEY_EXTENSION

_KEY_ID: Final = re.compile(
    f"/subscriptions/(?P<subscription>{GUID})/resourcegroups/[^/]+/providers/microsoft[.]keyvault"
    "/(?P<type>vaults|managedhsms)/(?P<vault>[a-z0-9-]{3,24})(?:/keys/(?P<key>[a-z0-9-]{1,127}))?",
    re.IGNORECASE | re.ASCII,
)
_VERSION: Final = re.compile("[0-9a-f]{32}", re.IGNORECASE | re.ASCII)
_OPERATIONS: Final = "encrypt decrypt sign verify wrapKey unwrapKey"
_ROLE: Final = "Key Vault Crypto User"

_ON_PURPOSE: Final = "Somebody may have {} on purpose, to revoke access: ask the owner of the key."
_DISABLED: Final = _ON_PURPOSE.format("disabled the key")
_VAULT_DELETED: Final = (
    f"{_ON_PURPOSE.format('deleted the vault')} A vault can be recovered while it is soft-deleted."
)
_KEY_DELETED: Final = (
    f"{_ON_PURPOSE.format('deleted the key')} A key can be recovered while it is soft-deleted; a "
    "single version of it cannot."
)
_EXPIRED: Final = (
    "The new date is a year from now: choose your own. If the key has to be replaced, make a new "
    "version and set it on the account instead."
)
_NOT_YET: Final = "The key is valid from today then: ask the owner of the key."
_OPERATIONS_SET: Final = (
    "This sets the whole list: leave out what the key must not do, except wrapKey and unwrapKey."
)
_NEW_IDENTITY: Final = "The identity is a new one: the next scan says which access it needs."
_ACCESS_REMOVED: Final = _ON_PURPOSE.format("taken the access away")
_POLICY_REPLACED: Final = (
    f"{_ACCESS_REMOVED} The command replaces the key permissions that the identity has in the "
    "vault."
)


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """What ends one reason: a command for bash, and what to be careful about, or None."""

    code: KeyReason
    az: str
    warning: str | None


type _Command = tuple[str, str | None] | None


@dataclass(frozen=True, slots=True)
class _Case:
    """A reason, and what is known of its key; ``names`` are those of the key, by option of az."""

    finding: Finding
    health: KeyHealth
    concern: KeyConcern
    names: Mapping[str, str]
    now: datetime


def key_commands_for(finding: Finding, now: datetime) -> tuple[KeyCommand, ...]:
    """Return a command for each reason why a key is broken that one can end; ``now`` is aware."""
    health = finding.key_health
    if health is None:
        return ()
    names = _names(health)
    made = (
        (concern.code, _COMMANDS[concern.code](_Case(finding, health, concern, names, now)))
        for concern in health.concerns
        if concern.code in _COMMANDS
    )
    return tuple(KeyCommand(code, *command) for code, command in made if command)


def _names(health: KeyHealth) -> dict[str, str]:
    match = _KEY_ID.fullmatch(health.key_id or health.vault_id or "")
    if match is None:
        return {}
    vault = "hsm-name" if match["type"].lower() == "managedhsms" else "vault-name"
    names = {"subscription": match["subscription"], vault: match["vault"]}
    if match["key"]:
        names["name"] = match["key"]
    return names


def _recover_vault(case: _Case) -> _Command:
    # The command for keys calls a vault otherwise.
    options = {"subscription": "subscription", "vault-name": "name", "hsm-name": "hsm-name"}
    names = {options[name]: it for name, it in case.names.items() if name in options}
    return _az("keyvault recover", names, _VAULT_DELETED) if names else None


def _recover_key(case: _Case) -> _Command:
    return _of_key("recover", case, {}, _KEY_DELETED)


def _enable(case: _Case) -> _Command:
    return _set(case, {"enabled": "true"}, _DISABLED)


def _renew(case: _Case) -> _Command:
    """Make a new version, if the account follows its key; or else give the version more time."""
    if case.health.rotation is KeyRotation.AUTOMATIC:
        return _of_key("rotate", case, {}, None)
    return _set(case, {"expires": _midnight(case.now + KEY_EXTENSION)}, _EXPIRED)


def _begin(case: _Case) -> _Command:
    return _set(case, {"not-before": _midnight(case.now)}, _NOT_YET)


def _permit(case: _Case) -> _Command:
    command = _set(case, {}, _OPERATIONS_SET)
    return command and (f"{command[0]} \\\n  --ops {_OPERATIONS}", command[1])


def _assign_identity(case: _Case) -> _Command:
    """Give the account a system-assigned identity, if it has none at all: az would replace it."""
    account, has = case.finding.id, case.concern.evidence
    if "identityClientId" in has or has.get("identityType", "None").lower() != "none":
        return None
    # az would read a file in place of a value that begins with @.
    if "@" in {account.name[:1], account.resource_group[:1]}:
        return None
    names = {
        "subscription": account.subscription_id,
        "resource-group": account.resource_group,
        "name": account.name,
    }
    return _az("cognitiveservices account identity assign", names, _NEW_IDENTITY)


def _grant(case: _Case) -> _Command:
    """Grant by role or by access policy: only roles consist of actions, which have slashes."""
    principal = case.health.principal_id or ""
    names = case.names
    if re.fullmatch(GUID, principal) is None or "vault-name" not in names:
        return None
    place = {"subscription": names["subscription"]}
    if "/" in case.concern.evidence.get("missingPermissions", ""):
        role = place | {
            "scope": case.health.key_id or case.health.vault_id or "",
            "assignee-object-id": principal,
            "assignee-principal-type": "ServicePrincipal",
            "role": _ROLE,
        }
        return _az("role assignment create", role, _ACCESS_REMOVED)
    policy = place | {"name": names["vault-name"], "object-id": principal}
    command, warning = _az("keyvault set-policy", policy, _POLICY_REPLACED)
    return f"{command} \\\n  --key-permissions get wrapKey unwrapKey", warning


def _set(case: _Case, options: Mapping[str, str], warning: str) -> _Command:
    version = case.health.key_version or ""
    if _VERSION.fullmatch(version) is None:
        return None
    return _of_key("set-attributes", case, {"version": version, **options}, warning)


def _of_key(command: str, case: _Case, options: Mapping[str, str], warning: str | None) -> _Command:
    if "name" not in case.names:
        return None
    return _az(f"keyvault key {command}", {**case.names, **options}, warning)


def _az(command: str, options: Mapping[str, str], warning: str | None) -> tuple[str, str | None]:
    words = (f"--{name}={_word(value)}" for name, value in options.items())
    return " \\\n  ".join((f"az {command}", *words)), warning


def _word(text: str) -> str:
    return text if shlex.quote(text) == text else quoted(text)


def _midnight(time: datetime) -> str:
    return f"{time:%Y-%m-%d}T00:00:00Z"


_COMMANDS: Final[Mapping[KeyReason, Callable[[_Case], _Command]]] = {
    KeyReason.VAULT_NOT_FOUND: _recover_vault,
    KeyReason.KEY_NOT_FOUND: _recover_key,
    KeyReason.KEY_DISABLED: _enable,
    KeyReason.KEY_EXPIRED: _renew,
    KeyReason.KEY_NOT_YET_VALID: _begin,
    KeyReason.KEY_OPERATIONS_MISSING: _permit,
    KeyReason.IDENTITY_MISSING: _assign_identity,
    KeyReason.IDENTITY_LACKS_PERMISSION: _grant,
}
