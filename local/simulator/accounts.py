"""Builds accounts as Azure Resource Manager sends them, from the few fields of an estate file.

A field that the file leaves out is absent from the answer, as in recorded answers, and never null.
A field in the file is sent as it is, even if it makes the account malformed. The order of
properties differs between accounts, as on Azure.
"""

import re
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from local.simulator import bulk
from local.simulator.messages import encode
from local.simulator.tokens import Identity

TYPE: Final = "Microsoft.CognitiveServices/accounts"
_FOUNDRY: Final = "AIServices"
_MARK: Final = "@callRateLimit@"
_ENCODED_MARK: Final = encode(_MARK)
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_FIRST_DAY: Final = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
_DOMAINS: Final = {"OpenAI": "openai.azure.com", "AIServices": "cognitiveservices.azure.com"}


class Absent(Enum):
    """Stands for an absent property; None stands for null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """An account in an estate file.

    ``encryption``, ``tags``   as Azure has them; absent if not given
    ``identity``               "system", "user:<name>", "system,user:<name>", or Azure's own object
    ``big``                    41 KB instead of 3 KB
    ``properties``             added to ``properties``; replaces generated values
    ``without``                dotted paths to leave out, such as "properties.endpoint"
    ``raw``                    the whole entry, sent as it is; nothing is filled in
    """

    name: str
    group: str
    kind: str = "OpenAI"
    location: str = "westeurope"
    encryption: object = ABSENT
    identity: object = ABSENT
    tags: object = ABSENT
    big: bool = False
    properties: Mapping[str, object] = _NOTHING
    without: Sequence[str] = ()
    raw: object = ABSENT


@dataclass(frozen=True, slots=True)
class Owner:
    """The subscription of an account, as far as the account's JSON names it."""

    subscription_id: str
    tenant_id: str


def resource_id(spec: AccountSpec, owner: Owner) -> str:
    """Return the id of an account, in the case in which it was created."""
    group = f"/subscriptions/{owner.subscription_id}/resourceGroups/{spec.group}"
    return f"{group}/providers/{TYPE}/{spec.name}"


def document(spec: AccountSpec, owner: Owner) -> object:
    """Build the JSON of an account."""
    return _build(spec, owner, bulk.rate_limit(big=spec.big))


def encoded(spec: AccountSpec, owner: Owner) -> bytes:
    """Build the JSON of an account as bytes, without encoding its rate limits anew each time."""
    marked = encode(_build(spec, owner, _MARK))
    return marked.replace(_ENCODED_MARK, bulk.ENCODED_RATE_LIMIT[spec.big])


def _build(spec: AccountSpec, owner: Owner, rate_limit: object) -> object:
    if spec.raw is not ABSENT:
        return spec.raw
    account_id = resource_id(spec, owner)
    number = zlib.crc32(account_id.encode())
    built = {
        "id": account_id,
        "name": spec.name,
        "type": TYPE,
        "etag": f'"{number:08x}-0000-0d00-0000-{number ^ 0x6A5B4C3D:08x}0000"',
        "location": spec.location,
        "sku": {"name": "S0"},
        "kind": spec.kind,
        "properties": _properties(spec, account_id, rate_limit),
        "identity": identity(spec.identity, spec, owner),
        "tags": spec.tags,
        "systemData": _system_data(owner, number),
    }
    present = {key: value for key, value in built.items() if value is not ABSENT}
    if number % 2:
        present = {**{key: present[key] for key in ("id", "name", "type", "kind")}, **present}
    for path in spec.without:
        remove(present, path)
    return present


def _properties(spec: AccountSpec, account_id: str, rate_limit: object) -> dict[str, object]:
    number = zlib.crc32(account_id.encode())
    domain = _DOMAINS.get(spec.kind)
    subdomain = re.sub("[^a-z0-9-]", "-", spec.name.lower())
    host = f"{subdomain}.{domain}" if domain else f"{spec.location}.api.cognitive.microsoft.com"
    state = {"provisioningState": "Succeeded"}
    rest: dict[str, object] = {
        "endpoint": f"https://{host}/",
        "internalId": f"{uuid.uuid5(uuid.NAMESPACE_URL, account_id).hex}",
        "dateCreated": f"{_created(number):%Y-%m-%dT%H:%M:%S}.{number % 10**7:07d}Z",
        "callRateLimit": rate_limit,
        "isMigrated": False,
        "privateEndpointConnections": [],
        "publicNetworkAccess": "Enabled",
        "capabilities": bulk.capabilities(big=spec.big),
        "endpoints": bulk.endpoints(host, big=spec.big),
    }
    if domain:
        rest["customSubDomainName"] = subdomain
    if spec.kind == _FOUNDRY:
        project = f"{spec.name}-project"
        rest |= {
            "apiProperties": {"qnaAzureSearchEndpointKey": None},
            "allowProjectManagement": True,
            "defaultProject": project,
            "associatedProjects": [project],
            "armFeatures": [],
        }
    if spec.encryption is not ABSENT:
        rest["encryption"] = spec.encryption
    ordered = {**state, **rest} if number % 3 else {**rest, **state}
    return {**ordered, **spec.properties}


def identity(wanted: object, spec: AccountSpec, owner: Owner) -> object:
    """Build the identity that a spec's string stands for; any other value is sent as it is."""
    if not isinstance(wanted, str):
        return wanted
    built: dict[str, object] = {}
    types = []
    for part in wanted.split(","):
        kind, _, name = part.strip().partition(":")
        if kind == "system":
            types.append("SystemAssigned")
            principal = Identity.named(resource_id(spec, owner)).object_id
            built |= {"principalId": principal, "tenantId": owner.tenant_id}
        else:
            types.append("UserAssigned")
            scope = f"/subscriptions/{owner.subscription_id}/resourcegroups/{spec.group}"
            key = f"{scope}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
            user = Identity.named(name)
            ids = {"principalId": user.object_id, "clientId": user.client_id}
            built["userAssignedIdentities"] = {key: ids}
    return {**built, "type": ", ".join(types)}


def _created(number: int) -> datetime:
    return _FIRST_DAY + timedelta(seconds=number % (2 * 365 * 86_400))


def _system_data(owner: Owner, number: int) -> dict[str, object]:
    author = Identity.named(f"{owner.tenant_id}/deployment").client_id
    at = f"{_created(number):%Y-%m-%dT%H:%M:%S}.{number % 10**7:07d}Z"
    by = {"createdBy": author, "createdByType": "Application", "createdAt": at}
    return {
        **by,
        "lastModifiedBy": author,
        "lastModifiedByType": "Application",
        "lastModifiedAt": at,
    }


def place(target: object, path: str, value: object) -> None:
    """Set a value at a dotted path of a document, and create missing objects on the way."""
    *parents, last = path.split(".")
    for part in parents:
        if not isinstance(target, dict):
            raise TypeError(f"{path}: {part} is not inside an object")
        target = target.setdefault(part, {})
    if not isinstance(target, dict):
        raise TypeError(f"{path}: {last} is not inside an object")
    target[last] = value


def remove(target: object, path: str) -> None:
    """Remove the value at a dotted path of a document, if there is one."""
    *parents, last = path.split(".")
    for part in parents:
        target = target.get(part) if isinstance(target, dict) else None
    if isinstance(target, dict):
        target.pop(last, None)


def find(document: object, path: str) -> object:
    """Return the value at a dotted path of a document, or None."""
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def merge(target: object, patch: Mapping[str, object]) -> None:
    """Change an object by a JSON merge patch (RFC 7396): null removes, objects are merged."""
    if not isinstance(target, dict):
        raise TypeError("only an object can be merged into")
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, Mapping):
            inner = target.get(name)
            inner = target[name] = dict(inner) if isinstance(inner, dict) else {}
            merge(inner, value)
        else:
            target[name] = value
