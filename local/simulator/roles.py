"""Role definitions as Azure Resource Manager sends them: built-in ones, and those of an estate.

Ids and actions: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles. Some
actions that do not concern keys are left out.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_VAULTS: Final = "Microsoft.KeyVault/vaults"
_KEYS: Final = f"{_VAULTS}/keys"


@dataclass(frozen=True, slots=True)
class Permission:
    """One block of a role's permissions: what it allows, except what it excludes."""

    actions: Sequence[str] = ()
    not_actions: Sequence[str] = ()
    data_actions: Sequence[str] = ()
    not_data_actions: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role; ``id`` is a GUID. It may be assigned at ``scopes``, a built-in one at "/"."""

    id: str
    name: str
    permissions: Sequence[Permission]
    scopes: Sequence[str] = ("/",)

    @property
    def built_in(self) -> bool:
        """Whether Microsoft provides it."""
        return "/" in self.scopes


def custom_role(name: str, scope: str, *permissions: Permission) -> Role:
    """Make a custom role, which may be assigned at a scope and below."""
    return Role(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}/{name}")),
        name=name,
        permissions=permissions,
        scopes=(scope,),
    )


def definition_id(role_id: str, subscription_id: str | None) -> str:
    """Return the id of a role, as read in a subscription."""
    prefix = "" if subscription_id is None else f"/subscriptions/{subscription_id}"
    return f"{prefix}/providers/Microsoft.Authorization/roleDefinitions/{role_id}"


def document(role: Role, subscription_id: str | None) -> dict[str, object]:
    """Build the JSON of a role definition."""
    return {
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole" if role.built_in else "CustomRole",
            "description": f"{role.name}.",
            "assignableScopes": list(role.scopes),
            "permissions": [
                {
                    "actions": list(permission.actions),
                    "notActions": list(permission.not_actions),
                    "dataActions": list(permission.data_actions),
                    "notDataActions": list(permission.not_data_actions),
                }
                for permission in role.permissions
            ],
            "createdOn": "2021-05-19T17:52:47.4700000Z",
            "updatedOn": "2021-11-11T20:14:30.4800000Z",
            "createdBy": None,
            "updatedBy": None,
        },
        "id": definition_id(role.id, subscription_id),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.id,
    }


def _built_in(
    role_id: str, name: str, *data_actions: str, actions: Sequence[str] = (f"{_VAULTS}/read",)
) -> Role:
    permission = Permission(actions=actions, data_actions=data_actions)
    return Role(id=role_id, name=name, permissions=(permission,))


_USE: Final = ("read", "wrap/action", "unwrap/action")
_USER: Final = ("read", "update/action", "backup/action", "encrypt/action", "decrypt/action")
_SIGN: Final = ("wrap/action", "unwrap/action", "sign/action", "verify/action")

BUILT_IN: Final[Mapping[str, Role]] = MappingProxyType(
    {
        role.name: role
        for role in (
            _built_in(
                "e147488a-f6f5-4113-8e2d-b22465e65bf6",
                "Key Vault Crypto Service Encryption User",
                *(f"{_KEYS}/{action}" for action in _USE),
                actions=("Microsoft.EventGrid/eventSubscriptions/read",),
            ),
            _built_in(
                "12338af0-0e69-4776-bea7-57ae8d297424",
                "Key Vault Crypto User",
                *(f"{_KEYS}/{action}" for action in (*_USER, *_SIGN)),
                actions=(),
            ),
            _built_in(
                "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",
                "Key Vault Crypto Officer",
                f"{_KEYS}/*",
                f"{_VAULTS}/keyrotationpolicies/*",
            ),
            _built_in(
                "00482a5a-887f-4fb3-b363-3b7fe8e74483", "Key Vault Administrator", f"{_VAULTS}/*"
            ),
            _built_in(
                "21090545-7ca7-4776-b22c-e363652d74d2",
                "Key Vault Reader",
                f"{_VAULTS}/*/read",
                f"{_VAULTS}/secrets/readMetadata/action",
            ),
            _built_in(
                "08bbd89e-9f13-488c-ac41-acfcb10c90ab",
                "Key Vault Crypto Service Release User",
                f"{_KEYS}/release/action",
                actions=(),
            ),
            _built_in(
                "f25e0fa2-a7c8-4377-a976-54943a77a395",
                "Key Vault Contributor",
                actions=("Microsoft.Authorization/*/read", "Microsoft.KeyVault/*"),
            ),
            _built_in("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", actions=("*",)),
            _built_in("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", actions=("*",)),
            _built_in("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", actions=("*/read",)),
        )
    }
)
