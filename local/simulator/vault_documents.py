"""Builds vaults, managed HSMs and keys as Azure Resource Manager sends them.

The shapes are from the examples of https://github.com/Azure/azure-rest-api-specs
(specification/keyvault) and from recorded answers. An unset property is absent: without purge
protection a vault does not have false. As in those examples, lists of keys and of versions have no
type, size or operations.
"""

import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from local.simulator.accounts import ABSENT, Owner, remove

PROVIDER: Final = "Microsoft.KeyVault"
OPERATIONS: Final = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey")
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_NOBODY: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
_RELATIVE: Final = re.compile(r"([+-]\d+)([dhm])")
_SECONDS: Final = {"d": 86_400, "h": 3_600, "m": 60}
_LISTED: Final = ("attributes", "keyUri", "keyUriWithVersion")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSpec:
    """A version of a key in an estate file.

    ``version``                   32 hexadecimal digits; generated if not given
    ``created``, ``nbf``, ``exp``  Unix seconds, or relative to now: "+10d", "-2h"; absent if not
                                  given, except ``created``
    """

    version: str | None = None
    enabled: object = True
    created: object = "-90d"
    nbf: object = ABSENT
    exp: object = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpec:
    """A key in an estate file; the last of its ``versions`` is the latest.

    ``deleted``  it is soft-deleted
    ``policy``   its rotation policy; ``rotates``: whether the vault does what that says
    """

    name: str
    kty: str = "RSA"
    size: object = 2048
    operations: Sequence[str] = OPERATIONS
    versions: Sequence[VersionSpec] = (VersionSpec(),)
    deleted: bool = False
    policy: Mapping[str, Any] | None = None
    rotates: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSpec:
    """A key vault or a managed HSM in an estate file.

    ``policies``    object ids to the key permissions of their access policies
    ``properties``  added to ``properties``; replaces generated values
    ``without``     dotted paths to leave out, such as "properties.enablePurgeProtection"
    ``deleted``     it is deleted, but Resource Graph still lists it

    By default it has soft delete, purge protection, no firewall, and access policies.
    """

    name: str
    group: str
    location: str = "westeurope"
    hsm: bool = False
    policies: Mapping[str, Sequence[str]] = _NOBODY
    keys: Sequence[KeySpec] = ()
    properties: Mapping[str, object] = _NOTHING
    without: Sequence[str] = ()
    deleted: bool = False


def seconds(when: object) -> object:
    """Return a date relative to now as Unix seconds; any other value is sent as it is."""
    relative = _RELATIVE.fullmatch(when) if isinstance(when, str) else None
    if relative is None:
        return when
    return int(time.time()) + int(relative[1]) * _SECONDS[relative[2]]


def type_of(spec: VaultSpec) -> str:
    """Return the resource type of a vault or a managed HSM."""
    return f"{PROVIDER}/{'managedHSMs' if spec.hsm else 'vaults'}"


def resource_id(spec: VaultSpec, owner: Owner) -> str:
    """Return the id of a vault, in the case in which it was created."""
    group = f"/subscriptions/{owner.subscription_id}/resourceGroups/{spec.group}"
    return f"{group}/providers/{type_of(spec)}/{spec.name}"


def uri(spec: VaultSpec) -> str:
    """Return the address of a vault's data."""
    domain = "managedhsm.azure.net" if spec.hsm else "vault.azure.net"
    return f"https://{spec.name.lower()}.{domain}/"


def vault(spec: VaultSpec, owner: Owner) -> object:
    """Build the JSON of a vault or a managed HSM."""
    properties = _hsm_properties(spec, owner) if spec.hsm else _vault_properties(spec, owner)
    built: dict[str, object] = {
        "id": resource_id(spec, owner),
        "name": spec.name,
        "type": type_of(spec),
        "location": spec.location,
        "tags": {},
        **({"sku": {"family": "B", "name": "Standard_B1"}} if spec.hsm else {}),
        "properties": {**properties, **spec.properties},
    }
    for path in spec.without:
        remove(built, path)
    return built


def _vault_properties(spec: VaultSpec, owner: Owner) -> dict[str, object]:
    return {
        "sku": {"family": "A", "name": "premium"},
        "tenantId": owner.tenant_id,
        "accessPolicies": [
            policy(owner.tenant_id, object_id, keys) for object_id, keys in spec.policies.items()
        ],
        "enabledForDeployment": False,
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "enablePurgeProtection": True,
        "vaultUri": uri(spec),
        "provisioningState": "Succeeded",
        "publicNetworkAccess": "Enabled",
    }


def _hsm_properties(spec: VaultSpec, owner: Owner) -> dict[str, object]:
    return {
        "tenantId": owner.tenant_id,
        "hsmUri": uri(spec),
        "initialAdminObjectIds": [str(uuid.uuid5(uuid.NAMESPACE_URL, resource_id(spec, owner)))],
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": 90,
        "enablePurgeProtection": True,
        "networkAcls": {
            "bypass": "AzureServices",
            "defaultAction": "Allow",
            "ipRules": [],
            "virtualNetworkRules": [],
        },
        "publicNetworkAccess": "Enabled",
        "provisioningState": "Succeeded",
        "statusMessage": "The Managed HSM is provisioned and ready to use.",
    }


def policy(tenant_id: str, object_id: str, keys: Sequence[str]) -> dict[str, object]:
    """Build an access policy that gives a principal these key permissions."""
    permissions = {"keys": list(keys), "secrets": [], "certificates": []}
    return {"tenantId": tenant_id, "objectId": object_id, "permissions": permissions}


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """The place of a key, as far as the key's JSON names it."""

    vault: VaultSpec
    vault_id: str
    name: str

    @property
    def id(self) -> str:
        """The id of the key."""
        return f"{self.vault_id}/keys/{self.name}"


def version_name(spec: VersionSpec, place: KeyPlace, number: int) -> str:
    """Return the name of a version; it depends only on place and number, unless given."""
    return spec.version or uuid.uuid5(uuid.NAMESPACE_URL, f"{place.id}/{number}").hex


def key_properties(spec: KeySpec, version: VersionSpec, place: KeyPlace, name: str) -> object:
    """Build the properties of one version of a key."""
    created = seconds(version.created)
    attributes = {
        "enabled": version.enabled,
        "nbf": seconds(version.nbf),
        "exp": seconds(version.exp),
        "created": created,
        "updated": created,
        "recoveryLevel": "Recoverable",
    }
    host = uri(place.vault).removesuffix("/")
    properties = {
        "attributes": {key: value for key, value in attributes.items() if value is not ABSENT},
        "kty": spec.kty,
        "keyOps": list(spec.operations),
        "keySize": spec.size,
        "keyUri": f"{host}:443/keys/{place.name}",
        "keyUriWithVersion": f"{host}:443/keys/{place.name}/{name}",
    }
    if spec.kty.upper().startswith("EC"):
        properties |= {"keySize": ABSENT, "curveName": "P-256"}
    return {key: value for key, value in properties.items() if value is not ABSENT}


def key(place: KeyPlace, properties: object, version: str | None = None) -> dict[str, object]:
    """Build the JSON of a key, or of one version of it."""
    kind = f"{type_of(place.vault)}/keys"
    return {
        "id": place.id if version is None else f"{place.id}/versions/{version}",
        "name": place.name if version is None else version,
        "type": kind if version is None else f"{kind}/versions",
        "location": place.vault.location,
        "properties": properties,
    }


def listed(document: object) -> object:
    """Return the part of a key that a list shows."""
    properties = document.get("properties") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(properties, dict):
        return document
    return {**document, "properties": {k: v for k, v in properties.items() if k in _LISTED}}
